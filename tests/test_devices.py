"""Devices: names, placement, soft placement, several logical CPUs, a GPU that may be missing."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import numpy as np
import pytest

import minitensor as mt
from minitensor.backend import gpu_count
from minitensor.errors import InvalidArgumentError
from minitensor.python.client import device_lib

CPU = "/job:localhost/replica:0/task:0/device:CPU:0"
needs_gpu = pytest.mark.skipif(not gpu_count(), reason="no CUDA device, or no cupy")
without_gpu = pytest.mark.skipif(gpu_count() > 0, reason="there is a GPU here")


@pytest.fixture
def hard_placement():
    mt.config.set_soft_device_placement(False)
    yield
    mt.config.set_soft_device_placement(True)


def in_a_fresh_process(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@without_gpu
def test_lists_without_a_gpu():
    assert mt.config.list_physical_devices() == [("/physical_device:CPU:0", "CPU")]
    assert repr(mt.config.list_physical_devices()) == (
        "[PhysicalDevice(name='/physical_device:CPU:0', device_type='CPU')]"
    )
    assert mt.config.list_physical_devices("GPU") == []
    assert repr(mt.config.list_logical_devices()) == (
        "[LogicalDevice(name='/device:CPU:0', device_type='CPU')]"
    )
    assert mt.test.gpu_device_name() == ""
    assert not mt.test.is_gpu_available()
    assert not mt.test.is_built_with_cuda()
    assert [x.name for x in device_lib.list_local_devices()] == ["/device:CPU:0"]


def test_local_devices_print_as_protocol_buffers():
    device = device_lib.list_local_devices()[0]
    lines = str(device).splitlines()
    assert lines[:3] == ['name: "/device:CPU:0"', 'device_type: "CPU"', "memory_limit: 268435456"]
    assert lines[3:5] == ["locality {", "}"]
    assert lines[5].startswith("incarnation: ")
    assert lines[6] == "xla_global_id: -1"
    assert mt.device_lib.list_local_devices()[0].memory_limit == 268435456


@without_gpu
@pytest.mark.parametrize(
    "name",
    ["/gpu:0", "/GPU:0", "/device:GPU:0", "gpu", "cpu", "CPU:0", "/cpu:7", "/device:CPU:1",
     "/tpu:0", "/gpu:*", None, "", "/job:localhost/replica:0/task:0/device:CPU:0"],
)  # fmt: skip
def test_soft_placement_falls_back_to_the_cpu(name):
    assert mt.config.get_soft_device_placement()
    with mt.device(name):
        x = mt.constant([1.0]) + 1.0
        v = mt.Variable(1.0)
    assert x.device == CPU
    assert v.device == CPU


@pytest.mark.parametrize("name", ["/foo:0", "nonsense", "/device:foo:1", "cpu:x"])
def test_unknown_kinds_of_devices(name):
    with pytest.raises(ValueError, match="nknown attribute") as caught, mt.device(name):
        pass
    assert repr(name) in str(caught.value)
    assert "To fix it: " in str(caught.value)


@without_gpu
def test_hard_placement_names_what_there_is(hard_placement):
    with pytest.raises(InvalidArgumentError) as caught, mt.device("/GPU:0"):
        mt.constant(1.0)
    assert "ould not satisfy device specification" in str(caught.value)
    assert "/device:CPU:0" in str(caught.value)
    with mt.device("/CPU:0"):
        assert mt.constant(1.0).device == CPU


def test_contexts_nest_and_end():
    with mt.device("/CPU:0"):
        with mt.device(None):
            pass
        with pytest.raises(ZeroDivisionError), mt.device("/CPU:0"):
            1 / 0
        assert mt.constant(1.0).device == CPU
    context = mt.device("/CPU:0")
    with context:
        pass


def test_logical_cpus():
    printed = in_a_fresh_process("""
        import minitensor as mt
        cpu = mt.config.list_physical_devices("CPU")[0]
        assert mt.config.get_logical_device_configuration(cpu) is None
        mt.config.set_logical_device_configuration(
            cpu, [mt.config.LogicalDeviceConfiguration() for _ in range(3)])
        assert len(mt.config.get_logical_device_configuration(cpu)) == 3
        print([d.name for d in mt.config.list_logical_devices("CPU")])
        with mt.device("/CPU:1"):
            x = mt.constant([1.0, 2.0])
            v = mt.Variable([3.0, 4.0])
        with mt.device("/CPU:2"):
            y = x * 2.0
        print(x.device[-5:], v.device[-5:], y.device[-5:], (x + x).device[-5:])
        with mt.GradientTape() as tape:
            with mt.device("/CPU:2"):
                z = mt.reduce_sum(v * v)
        g = tape.gradient(z, v)
        print(z.device[-5:], g.device[-5:], g.numpy().tolist())
        try:
            mt.config.set_logical_device_configuration(
                cpu, [mt.config.LogicalDeviceConfiguration()])
        except RuntimeError as error:
            print(error)
        with mt.device("/CPU:7"):
            print(mt.constant(1).device[-5:])
    """)
    lines = printed.splitlines()
    assert lines[0] == "['/device:CPU:0', '/device:CPU:1', '/device:CPU:2']"
    assert lines[1] == "CPU:1 CPU:1 CPU:2 CPU:0"
    assert lines[2] == "CPU:2 CPU:0 [6.0, 8.0]"
    assert "irtual devices cannot be modified after being initialized" in lines[3]
    assert lines[4] == "CPU:0"


def test_what_cannot_be_configured():
    cpu = mt.config.list_physical_devices("CPU")[0]
    mt.constant(1.0)
    with pytest.raises(RuntimeError, match="cannot be modified after being initialized"):
        mt.config.set_logical_device_configuration(
            cpu, [mt.config.LogicalDeviceConfiguration()] * 2
        )
    with pytest.raises(ValueError, match="at least one"):
        mt.config.set_logical_device_configuration(cpu, [])
    with pytest.raises(ValueError, match="no CPU of this machine"):
        mt.config.set_logical_device_configuration(None, [])
    with pytest.raises(ValueError, match="CPU always is"):
        mt.config.set_visible_devices([], "CPU")
    with pytest.raises(ValueError, match="no memory information"):
        mt.config.experimental.get_memory_info("CPU:0")


def test_names_from_before_they_were_stable():
    experimental = mt.config.experimental
    cpu = experimental.list_physical_devices("CPU")[0]
    assert experimental.get_memory_growth(cpu)
    experimental.set_memory_growth(cpu, True)
    assert experimental.get_device_details(cpu) == {}
    assert experimental.VirtualDeviceConfiguration(memory_limit=10).memory_limit == 10
    assert mt.config.get_visible_devices("CPU") == [cpu]
    mt.config.set_visible_devices(mt.config.list_physical_devices("GPU"), "GPU")


def test_tensors_of_the_cpu_go_there():
    assert mt.constant([1.0]).cpu().device == CPU


@pytest.mark.gpu
@needs_gpu
def test_ops_run_on_the_gpu_by_default():
    x = mt.constant([1.0, 2.0])
    assert x.device.endswith("device:GPU:0")
    assert mt.test.gpu_device_name() == "/device:GPU:0"
    with mt.device("/CPU:0"):
        y = mt.constant([3.0, 4.0])
        assert y.device == CPU
    assert (x + y).device.endswith("device:GPU:0")
    np.testing.assert_array_equal((x + y).numpy(), [4.0, 6.0])
    v = mt.Variable([1.0, 2.0])
    with mt.GradientTape() as tape:
        z = mt.reduce_sum(v * v)
    assert tape.gradient(z, v).device.endswith("device:GPU:0")


@pytest.mark.gpu
@needs_gpu
def test_gpu_can_be_hidden():
    printed = in_a_fresh_process("""
        import minitensor as mt
        mt.config.set_visible_devices([], "GPU")
        print(mt.config.list_logical_devices("GPU"), mt.constant(1.0).device[-5:])
    """)
    assert printed.split() == ["[]", "CPU:0"]


@pytest.mark.gpu
@needs_gpu
def test_draws_are_the_same_on_both():
    for draw in (mt.random.stateless_uniform, mt.random.stateless_normal):
        on_gpu = draw([1000], seed=[1, 2]).numpy()
        with mt.device("/CPU:0"):
            on_cpu = draw([1000], seed=[1, 2]).numpy()
        np.testing.assert_array_equal(on_gpu, on_cpu)
