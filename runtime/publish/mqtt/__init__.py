"""States for an MQTT broker and for Home Assistant. Needs the [mqtt] extra."""
