"""What the estimators share: fit is composed here, and published here.

``base`` has the classes that the public estimators inherit from, ``trainer`` the run of training.
"""
