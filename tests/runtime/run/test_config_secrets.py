"""Secrets in a configuration."""

import pytest

from fer_edge.errors import ConfigError
from fer_edge.runtime.capture.config import SourceConfig
from fer_edge.runtime.run.config_file import read_config
from tests.support.clear_line import assert_one_clear_line


def test_a_password_is_not_repeated(fer_edge, tmp_path):
    path = tmp_path / "door.toml"
    path.write_text('[mqtt]\nurl = "mqtt://u:sec/ret@host/t"\n')
    done = fer_edge("run", "--config", path)
    assert_one_clear_line(done, "not a valid broker address")
    assert "sec" not in done.stderr.replace(str(path), "")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("[web]\ntoken = 123456789012345", "'web.token' is int, expected str"),
        ("[source]\ninput = ['rtsp://u:s3cret word@host/x']", "'source.input' is list, expected"),
        ("[source]\nstream_options = 'headers=s3cret'", "'source.stream_options' is str, expected"),
        ("[source]\nstream_options = {a = 's3cret'}", "'source.stream_options' is dict, expected"),
        ("web = 's3cret'", "is str, expected a table"),
    ],
)
def test_a_value_of_another_type_is_not_repeated_since_it_may_be_a_secret(tmp_path, line, words):
    path = tmp_path / "door.toml"
    path.write_text(line)
    with pytest.raises(ConfigError) as caught:
        read_config(path)
    assert words in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "1234" not in str(caught.value)


@pytest.mark.parametrize(
    "option",
    [
        *("rtmp_playpath=s3cret", "rtmp_conn=S:s3cret", "post_data=s3cret", "streamid=s3cret"),
        *("username=s3cret", "session_id=s3cret", "Passphrase=s3cret"),
    ],
)
def test_stream_options_with_secrets_are_known_by_their_names(option):
    source = SourceConfig("rtmp://h/app", stream_options=(option, "user_agent=x"))
    assert source.without_secrets().stream_options == ("user_agent=x",)
    assert option.partition("=")[2] in source.secrets({}).values()
