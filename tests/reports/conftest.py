"""That this file is here lets the tests of the folders below import what lies beside it."""
