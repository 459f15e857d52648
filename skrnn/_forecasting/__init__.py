"""What ``skrnn.forecasting`` is made of."""
