"""Outputs: files, a window, a web page, MQTT; and the loop that feeds them."""
