import pytest

from changeover.record.cgroup import memory_limit

MACHINE = 8 * 2**30


@pytest.fixture
def root(tmp_path):
    """Writes files below a made-up root."""

    def write(files):
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


@pytest.mark.parametrize(
    ("files", "limit"),
    [
        ({}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "536870912\n"}, 2**29),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "max\n"}, None),
        (
            {
                "proc/self/cgroup": "0::/a.slice/b\n",
                "sys/fs/cgroup/a.slice/memory.max": "1000000",
                "sys/fs/cgroup/a.slice/b/memory.max": "2000000",
            },
            1_000_000,
        ),
        (
            # in a container: the path is the host's, the mounted top is our own
            {"proc/self/cgroup": "0::/docker/abc\n", "sys/fs/cgroup/memory.max": "1000000"},
            1_000_000,
        ),
        (
            {
                "proc/self/cgroup": "4:cpu:/x\n3:hugetlb,memory:/x\n0::/\n",
                "sys/fs/cgroup/memory/x/memory.limit_in_bytes": "1000000",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            },
            1_000_000,
        ),
        (
            {
                "proc/self/cgroup": "3:memory:/\n",
                "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
            },
            None,
        ),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": str(MACHINE)}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "0"}, None),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/memory.max": "-1 ½ ²"}, None),
        ({"proc/self/cgroup": "nonsense\n::\n\n", "sys/fs/cgroup/memory.max": "5"}, 5),
        ({"proc/self/cgroup": "0::/../../x\n", "x/memory.max": "5"}, None),
    ],
)
def test_the_lowest_real_limit_of_the_groups_around_is_told(root, files, limit):
    assert memory_limit(MACHINE, root(files)) == limit


def test_this_machine_can_be_asked():
    limit = memory_limit(2**63)
    assert limit is None or limit > 0
