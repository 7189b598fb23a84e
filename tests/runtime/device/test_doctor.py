import json
import re
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import Result

from fer_edge.aligner.file import bundled_aligner
from fer_edge.detector.file import bundled_detectors
from fer_edge.runtime.device.doctor import Finding, examine, worst
from fer_edge.runtime.device.doctor.board import examine_board, examine_disk
from fer_edge.runtime.device.doctor.cameras import examine_cameras
from fer_edge.runtime.device.doctor.coral import examine_coral
from fer_edge.runtime.device.doctor.models import (
    delegated_operators,
    examine_aligner,
    examine_interpreter,
)
from fer_edge.runtime.device.doctor.packages import examine_packages
from fer_edge.runtime.device.doctor.video import examine_pyav

from ...support.boards import GB, add_vcgencmd, add_video_node, pi4, pi5, set_meminfo, write

Invoke = Callable[..., Result]

REQUIRED = [
    "numpy>=1.23",
    "opencv-python-headless<6,>=4.8",
    "ai-edge-litert<3,>=2.1",
    'matplotlib>=3.8; extra == "demo"',
    'websockets>=12; extra == "web"',
    'tomli>=2.0; python_version < "3" and extra == "train"',
    'backports>=2.0; python_version < "3"',
]
EXTRAS = ["demo", "web", "train"]
CHECKS = Path(__file__).parents[3] / ".github" / "workflows" / "checks.yml"
INSTALLED = {
    "numpy": "2.4.6",
    "opencv-python-headless": "4.14.0.94",
    "ai-edge-litert": "2.3.0",
    "matplotlib": "3.11.2",
}


def of(findings: list[Finding], topic: str) -> list[tuple[str, str, str]]:
    return [(item.status, item.text, item.advice) for item in findings if item.topic == topic]


def only(findings: list[Finding], topic: str) -> tuple[str, str, str]:
    (found,) = of(findings, topic)
    return found


@pytest.mark.slow
def test_every_finding_that_is_not_ok_comes_with_advice_in_one_line(tmp_path: Path) -> None:
    for root in (Path("/"), pi4(tmp_path / "4"), pi5(tmp_path / "5"), tmp_path / "nothing"):
        for item in examine(root):
            assert item.status == "ok" or item.advice, item
            assert "\n" not in item.text + item.advice
            assert "report this line" not in item.advice, item


def test_a_hot_and_hungry_pi4_is_told_so(tmp_path: Path) -> None:
    findings = examine_board(pi4(tmp_path))
    status, text, _ = only(findings, "processor")
    assert status == "ok"
    assert text.startswith("Raspberry Pi 4 Model B Rev 1.4, Cortex-A72, 4 cores, 64 bits")
    assert "asimddp" in text
    assert only(findings, "governor")[:2] == (
        "note",
        "ondemand: cores slow down between frames, so latency varies",
    )
    assert "performance" in only(findings, "governor")[2]
    assert only(findings, "temperature")[:2] == ("note", "74 °C, warm")
    status, text, advice = only(findings, "throttling")
    assert (status, text) == ("warning", "now: under-voltage, throttled")
    assert "power supply" in advice


def test_a_well_kept_pi5_is_all_ok(tmp_path: Path) -> None:
    findings = examine_board(pi5(tmp_path))
    assert worst(findings) == "ok"
    assert only(findings, "processor")[1] == (
        "Raspberry Pi 5 Model B Rev 1.0, Cortex-A76, 4 cores, 64 bits"
    )
    assert only(findings, "governor")[1] == "performance"
    assert only(findings, "memory")[1].startswith("7,168 of 8,192 MB available")


@pytest.mark.parametrize(
    ("sysfs", "program", "status", "words"),
    [
        ("80008", "exit 1", "warning", "now: soft temperature limit"),
        ("50000", "exit 1", "note", "since boot: under-voltage, throttled"),
        ("0", "exit 1", "ok", "none"),
        ("80008", "echo throttled=0x0", "ok", "none"),
        ("rubbish", "echo error=1", "ok", "none"),
    ],
)
def test_throttling_is_read_from_the_kernel_where_the_program_fails(
    tmp_path: Path, sysfs: str, program: str, status: str, words: str
) -> None:
    root = pi5(tmp_path)
    add_vcgencmd(root, program)
    write(root, "sys/devices/platform/soc/soc:firmware/get_throttled", f"{sysfs}\n")
    found = only(examine_board(root), "throttling")
    assert found[0] == status
    assert words in found[1]


def test_the_voltage_alarm_stands_in_for_both(tmp_path: Path) -> None:
    root = pi5(tmp_path)
    (root / "usr/bin/vcgencmd").unlink()
    write(root, "sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    assert only(examine_board(root), "throttling")[:2] == ("warning", "now: under-voltage")


@pytest.mark.parametrize(("celsius", "status"), [(69.9, "ok"), (70.0, "note"), (80.0, "warning")])
def test_temperature_is_judged(tmp_path: Path, celsius: float, status: str) -> None:
    root = pi5(tmp_path)
    write(root, "sys/class/thermal/thermal_zone0/temp", f"{round(1000 * celsius)}\n")
    write(root, "sys/class/thermal/thermal_zone1/type", "nvme\n")  # not the processor
    write(root, "sys/class/thermal/thermal_zone1/temp", "95000\n")
    assert only(examine_board(root), "temperature")[0] == status


def test_short_memory_and_busy_swap_are_seen(tmp_path: Path) -> None:
    root = pi4(tmp_path)
    set_meminfo(root, GB // 2, 100 * 1024, 102400, 10240)
    findings = examine_board(root)
    assert only(findings, "memory")[0] == "warning"
    assert only(findings, "swap")[:2] == ("note", "90 of 100 MB in use")
    set_meminfo(root, GB // 2, 400 * 1024, 0, 0)
    assert only(examine_board(root), "swap")[0] == "note"


@pytest.mark.parametrize(
    ("group", "limits", "status"),
    [
        ("0::/", {"memory.max": "max"}, "ok"),
        ("0::/", {"memory.max": "128000000"}, "warning"),
        ("0::/a/b", {"a/memory.max": "128000000", "a/b/memory.max": "max"}, "warning"),
        ("0::/../other", {"memory.max": "128000000"}, "warning"),
        ("4:memory:/a", {"memory/a/memory.limit_in_bytes": "128000000"}, "warning"),
        ("4:memory:/on-the-host", {"memory/memory.limit_in_bytes": "128000000"}, "warning"),
        ("4:memory:/a", {"memory/a/memory.limit_in_bytes": "9223372036854771712"}, "ok"),
        ("4:cpu,memory:/\n0::/", {"memory.max": "300000000"}, "ok"),
    ],
)
def test_the_memory_of_a_container_or_service_is_that_of_its_control_group(
    tmp_path: Path, group: str, limits: dict[str, str], status: str
) -> None:
    root = pi4(tmp_path)
    set_meminfo(root, 4 * GB, 3 * GB, 0, 0)
    write(root, "proc/self/cgroup", f"{group}\n")
    for name, limit in limits.items():
        write(root, f"sys/fs/cgroup/{name}", f"{limit}\n")
    found = only(examine_board(root), "memory")
    assert found[0] == status
    assert ("control group" in found[1]) == ("00000" in str(limits))
    assert (found[2] != "") == (status == "warning")


def test_disk_is_the_room_where_outputs_go(tmp_path: Path) -> None:
    (finding,) = examine_disk(tmp_path)
    assert f"free at {tmp_path}" in finding.text


def test_a_webcam_is_told_from_its_metadata_and_from_the_pis_decoders(tmp_path: Path) -> None:
    (finding,) = examine_cameras(pi5(tmp_path))
    assert (finding.status, finding.text) == (
        "ok",
        "HD Pro Webcam C920 at /dev/video0: --camera 0",
    )


def test_a_camera_on_the_csi_port_needs_picamera2(tmp_path: Path) -> None:
    (finding,) = examine_cameras(pi4(tmp_path))
    assert finding.text.startswith("imx708 on the CSI port: --camera picamera2")
    assert (finding.status == "warning") == ("no picamera2" in finding.text)
    assert "system-site-packages" in finding.advice or finding.status == "ok"


def test_a_camera_without_its_device_file_is_a_warning(tmp_path: Path) -> None:
    add_video_node(tmp_path, 2, "Integrated Camera")
    (tmp_path / "dev/video2").unlink()
    (finding,) = examine_cameras(tmp_path)
    assert finding.status == "warning"
    assert "--device /dev/video2" in finding.advice


def test_a_camera_that_this_user_may_not_open_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = pi5(tmp_path)
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may open everything
    (finding,) = examine_cameras(root)
    assert finding.status == "warning"
    assert finding.advice.startswith("sudo usermod -aG video $USER")


def test_a_device_without_a_camera_is_a_note(tmp_path: Path) -> None:
    assert [item.status for item in examine_cameras(tmp_path)] == ["note"]


def test_an_edge_tpu_without_its_library_is_told_how_to_get_it(tmp_path: Path) -> None:
    (finding,) = examine_coral(tmp_path)
    assert finding.status == "ok"
    write(tmp_path, "dev/apex_0")
    (finding,) = examine_coral(tmp_path)
    assert "PCIe" in finding.text
    assert "libedgetpu1-std" in finding.advice or "edgetpu:pci:0" in finding.text


def test_packages_that_fit_are_ok() -> None:
    findings = examine_packages(INSTALLED, REQUIRED, EXTRAS, (3, 11))
    assert worst(findings) == "ok"
    assert only(findings, "extras")[1] == "installed: demo; not installed, and optional: web"


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"numpy": "1.22.4"}, "warning", "expected numpy>=1.23"),
        ({"numpy": "2.5.0rc1"}, "ok", "numpy 2.5.0rc1"),
        ({"numpy": "own-build"}, "ok", "numpy own-build"),
        ({"opencv-python": "4.14.0.94"}, "warning", "overwrite each other's cv2"),
        ({"opencv-python-headless": "5.0.0.93"}, "ok", "opencv-python-headless 5.0.0.93"),
        ({"opencv-python-headless": "6.1"}, "warning", "expected opencv-python-headless<6"),
        ({"ai-edge-litert": None}, "warning", "ai-edge-litert missing"),
        ({"ai-edge-litert": None, "tflite-runtime": "2.14.0"}, "problem", "crashes with NumPy"),
        ({"tflite-runtime": "2.14.0"}, "ok", ""),
        (
            {"ai-edge-litert": None, "tflite-runtime": "2.14.0", "numpy": "1.26.4"},
            "ok",
            "tflite-runtime 2.14.0 (instead of ai-edge-litert)",
        ),
    ],
)
def test_packages_that_quarrel_are_named(
    change: dict[str, str | None], status: str, word: str
) -> None:
    versions = {name: version for name, version in (INSTALLED | change).items() if version}
    findings = examine_packages(versions, REQUIRED, EXTRAS, (3, 11))
    assert worst(findings) == status
    assert not word or any(word in item.text for item in findings)


def test_a_python_that_the_checks_do_not_run_is_a_warning() -> None:
    [versions] = re.findall(r"python: (\[.*\])", CHECKS.read_text("utf-8"))
    for minor in range(9, 15):
        found = examine_packages(INSTALLED, REQUIRED, EXTRAS, (3, minor))
        status = "ok" if f"3.{minor}" in json.loads(versions) else "warning"
        assert only(found, "python")[0] == status


def test_the_operators_between_a_delegates_ends_are_counted() -> None:
    def operator(index: int, name: str, inputs: list[int], outputs: list[int]) -> dict[str, object]:
        return {"index": index, "op_name": name, "inputs": inputs, "outputs": outputs}

    chain = [operator(0, "QUANTIZE", [0], [1]), operator(1, "CONV_2D", [1, 9], [2])]
    chain += [operator(2, "ADD", [2, 1], [3]), operator(3, "SOFTMAX", [3], [4])]
    assert delegated_operators(chain) == (0, 4)
    assert delegated_operators([*chain, operator(4, "DELEGATE", [1, 9], [3])]) == (2, 4)
    two = [operator(4, "DELEGATE", [0], [1]), operator(5, "DELEGATE", [2, 1], [4])]
    assert delegated_operators([*chain, *two]) == (3, 4)


def test_the_interpreter_says_what_xnnpack_takes_of_the_bundled_model(
    capfd: pytest.CaptureFixture[str],
) -> None:
    findings = examine_interpreter()
    version = metadata.version("ai-edge-litert")
    assert only(findings, "interpreter") == ("ok", f"ai-edge-litert {version}", "")
    status, text, _ = only(findings, "xnnpack")
    assert status == "ok"
    (taken,) = re.findall(r"runs (\d+) of the int8 model's \d+ operators", text)
    assert int(taken) >= 9  # all convolutions and the dense layer together
    assert capfd.readouterr().err == ""


def test_the_command_prints_a_line_each_and_ends_well(fer_edge: Invoke) -> None:
    result = fer_edge("doctor")
    assert result.exit_code == 0, result.output
    assert "\x1b" not in result.stdout
    assert "interpreter  ok       ai-edge-litert" in result.stdout
    assert result.stderr == ""


def test_a_problem_is_exit_code_1_and_json_tells_of_it(
    fer_edge: Invoke, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    altered = bytearray(bundled_detectors()["yunet"].read_bytes())
    altered[1000] ^= 1
    (tmp_path / "yunet.tflite").write_bytes(altered)
    places = {"yunet": tmp_path / "yunet.tflite"}
    monkeypatch.setattr("fer_edge.detector.file.bundled_detectors", lambda: places)
    result = fer_edge("doctor", "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["status"] == "problem"
    (found,) = [item for item in told["findings"] if item["topic"] == "detector"]
    assert found["status"] == "problem"
    assert "was altered or damaged" in found["text"]
    assert "pip install" in found["advice"]


def test_an_altered_aligner_is_a_problem(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (finding,) = examine_aligner()
    assert (finding.status, finding.text[:8]) == ("ok", "aligner,")
    altered = bytearray(bundled_aligner().read_bytes())
    altered[1000] ^= 1
    (tmp_path / "aligner.tflite").write_bytes(altered)
    monkeypatch.setattr(
        "fer_edge.aligner.aligner.bundled_aligner", lambda: tmp_path / "aligner.tflite"
    )
    (finding,) = examine_aligner()
    assert (finding.status, "was altered or damaged" in finding.text) == ("problem", True)


def test_the_video_reader_and_its_decoders_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    (finding,) = examine_pyav()
    assert finding.status == "ok"
    assert finding.text.startswith(f"PyAV {metadata.version('av')}, libavcodec ")
    monkeypatch.setattr("fer_edge.runtime.device.doctor.video._CODECS", ("h264", "no-such-codec"))
    (finding,) = examine_pyav()
    assert (finding.status, "for no-such-codec" in finding.text) == ("warning", True)


@pytest.mark.parametrize(("module", "topic"), [("cv2", "opencv"), ("av", "video")])
def test_a_library_that_cannot_be_imported_is_a_problem_and_no_traceback(
    module: str, topic: str
) -> None:
    program = (
        f"import sys; sys.modules['{module}'] = None\n"
        "from fer_edge.cli.main import main; main(['doctor'], prog_name='fer-edge')"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr == ""
    assert re.search(f"^{topic} +problem", done.stdout, re.MULTILINE)
    assert "processor    " in done.stdout
