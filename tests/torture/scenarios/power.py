"""F4: the power is cut, so that what was not synced is gone."""

import fcntl
import os
import struct
import subprocess
import time

from torture.registry import scenario
from torture.world import Skip

FLUSHES = ["--flush-rows", 60, "--flush-interval", "1s"]
IMAGE_BYTES = 256 << 20
CUTS = 10
CUTS_SHORT = 2
FS_IOC_SHUTDOWN = 0x8004587D
NOLOGFLUSH = 2


@scenario("F4", "power cut (ext4 shut down without flushing)", goal=120, is_quick=True)
def cut_power(world):
    """Journal and lake live on an ext4 of their own, which is shut down under load."""
    disk_image = Volume(world)
    serve = world.serve(*FLUSHES, lake=disk_image.root / "lake", journal=disk_image.root / "journal")
    disk = world.disk(serve)
    for _ in range(CUTS_SHORT if world.is_short else CUTS):
        serve.start()
        with world.load(serve):
            world.pause(0.05, 1.2)
            cut_at = time.monotonic()
            disk_image.shut_down()
            serve.kill()
        # The call takes some milliseconds, and a sync that is under way meanwhile may still return.
        world.ledger.cut(cut_at)
        disk_image.mount_again()
        disk.forget()
        world.check_at_rest(disk)
        world.rounds += 1
    serve.start()
    world.expect_answers(503)
    world.stop_and_check(serve)


class Volume:
    """An ext4 in a file, mounted in the world's folder."""

    def __init__(self, world, size=IMAGE_BYTES):
        self.root = world.folder / "volume"
        self._image = world.folder / "volume.img"
        self.root.mkdir()
        with self._image.open("wb") as image:
            image.truncate(size)
        command("mkfs.ext4", "-q", "-F", self._image)
        command("mount", "-o", "loop", self._image, self.root)
        world.at_end(self.unmount)

    def shut_down(self):
        """Makes the file system forget what it has not written."""
        folder = os.open(self.root, os.O_RDONLY)
        try:
            fcntl.ioctl(folder, FS_IOC_SHUTDOWN, struct.pack("I", NOLOGFLUSH))
        finally:
            os.close(folder)

    def unmount(self):
        """Takes it away; a process that was just killed may hold it for a moment."""
        for _ in range(100):
            if subprocess.run(["umount", str(self.root)], capture_output=True).returncode == 0:
                return
            if not os.path.ismount(self.root):
                return
            time.sleep(0.05)
        raise RuntimeError(f"{self.root} can't be unmounted")

    def mount_again(self):
        """Mounts it anew, as a machine does that starts again."""
        self.unmount()
        command("mount", "-o", "loop", self._image, self.root)


def command(*line):
    """Runs a tool that the machine may not have or may not allow."""
    try:
        done = subprocess.run([*map(str, line)], capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        raise Skip(f"no {line[0]}") from None
    if done.returncode != 0:
        raise Skip(f"{line[0]}: {done.stderr.strip()[:200]}")
