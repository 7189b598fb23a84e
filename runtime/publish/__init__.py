"""Where results go: files, a window, a web page, MQTT; and the loop that brings them there."""
