"""What several tests share: data, references, tables of misuse, versions. No tests."""
