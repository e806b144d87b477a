"""The Debian package on a clean Debian: it installs, its unit is hardened, the service starts and
answers, an upgrade keeps what was changed, and removal leaves the lake alone.

A clean root comes from debootstrap; systemd runs it in a container without any network but its
own loopback. What is to be tried there runs as a unit at its boot, and leaves its output.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TARGET = REPOSITORY / "target"
SUITE = "bookworm"
MIRROR = "http://deb.debian.org/debian"
PACKAGES = "adduser,curl,systemd,systemd-sysv"
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BOOT_SECONDS_MAX = 300

UNIT = """[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -x /trial.sh
ExecStopPost=systemctl --no-block poweroff
StandardOutput=file:/trial.out
StandardError=file:/trial.err
[Install]
WantedBy=multi-user.target
"""


def sh(*command, **options):
    return subprocess.run(
        command, check=True, capture_output=True, encoding="utf-8", timeout=900, **options
    ).stdout


@pytest.fixture(scope="session")
def package():
    (package,) = (TARGET / "debian").glob("tributary_*.deb")
    return package


@pytest.fixture(scope="session")
def clean_root():
    """A minimal Debian, made once."""
    root = TARGET / "deb" / "clean"
    if not (root / "usr/bin/systemctl").exists():
        shutil.rmtree(root, ignore_errors=True)
        root.parent.mkdir(parents=True, exist_ok=True)
        sh("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root, MIRROR)
    return root


@pytest.fixture
def system(clean_root, package):
    system = System(TARGET / "deb" / "system", clean_root)
    shutil.copy(package, system.root / "tributary.deb")
    return system


class System:
    """A copy of the clean root, booted as often as wanted."""

    def __init__(self, root, clean_root):
        self.root = root
        shutil.rmtree(root, ignore_errors=True)
        sh("cp", "-a", clean_root, root)
        (root / "etc/systemd/system/trial.service").write_text(UNIT)
        wants = root / "etc/systemd/system/multi-user.target.wants"
        wants.mkdir(exist_ok=True)
        (wants / "trial.service").symlink_to("/etc/systemd/system/trial.service")

    def install(self):
        return sh("chroot", self.root, "dpkg", "--install", "/tributary.deb")

    def boot(self, script):
        """Boots, runs a script when everything is up, shuts down; returns what it printed."""
        (self.root / "trial.sh").write_text(script)
        (self.root / "trial.out").unlink(missing_ok=True)
        command = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--private-network"]
        command += ["--console=pipe", "--boot", "--directory", str(self.root)]
        subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=BOOT_SECONDS_MAX
        )
        out = self.root / "trial.out"
        errors = self.root / "trial.err"
        assert out.exists(), "the system did not boot"
        return out.read_text() + "\n--\n" + errors.read_text()


def test_nothing_starts_before_there_is_a_secret(system):
    system.install()
    seen = system.boot("systemctl is-active tributary; systemctl is-failed tributary")
    assert seen.startswith("inactive\ninactive\n"), seen


def test_the_service_starts_and_answers(system):
    system.install()
    secrets = system.root / "etc/tributary/secrets"
    assert secrets.stat().st_mode & 0o777 == 0o600
    secrets.write_text(SECRET + "\n")
    seen = system.boot(
        """
        for n in $(seq 100); do curl -fs http://127.0.0.1:8080/readyz && break; sleep 0.2; done
        systemctl is-active tributary
        tributary generate 50 --to http://127.0.0.1:8080 --secrets-file /etc/tributary/secrets
        curl -fs http://127.0.0.1:8081/metrics | grep 'webhooks_total{answer="accepted"}'
        token=$(cat /var/lib/tributary/journal/dashboard-token)
        curl -fs -o /dev/null -w '%{http_code} %{content_type}\\n' -H "authorization: Bearer $token" http://127.0.0.1:8081/
        ps -o user= -p "$(systemctl show -P MainPID tributary)" || stat -c %U "/proc/$(systemctl show -P MainPID tributary)"
        systemctl stop tributary
        systemctl show -P Result tributary
        tributary sql --lake /var/lib/tributary/lake --format csv 'SELECT count(*) AS n FROM sessions'
        stat -c '%U %a' /var/lib/tributary
        """
    )
    lines = seen.split("\n--\n")[0].splitlines()
    assert lines[:2] == ["ready", "active"], seen
    assert 'tributary_webhooks_total{answer="accepted"} 50' in lines, seen
    assert "200 text/html" in seen and "tributary\n" in seen, seen
    assert "success" in lines and lines[-3:] == ["n", "50", "tributary 700"], seen


def test_the_unit_is_hardened(system):
    system.install()
    analysis = sh(
        "systemd-analyze", "security", "--offline=true", f"--root={system.root}",
        "tributary.service",
    )  # fmt: skip
    exposure, verdict = re.search(r"exposure level for \S+: ([0-9.]+) (\w+)", analysis).groups()
    print(f"exposure {exposure} {verdict}")
    assert verdict == "OK" and float(exposure) < 2


def test_settings_outlive_an_upgrade_and_the_lake_a_purge(system):
    system.install()
    settings = system.root / "etc/tributary/tributary.toml"
    settings.write_text(settings.read_text().replace("10m", "5m"))
    lake = system.root / "var/lib/tributary/lake"
    lake.mkdir(parents=True)
    system.install()
    assert '"5m"' in settings.read_text()
    sh("chroot", system.root, "dpkg", "--purge", "tributary")
    assert lake.exists() and not settings.exists()
    assert not (system.root / "etc/tributary").exists()


def test_it_brings_pages_and_completions(system):
    system.install()
    share = system.root / "usr/share"
    assert len(list((share / "man/man1").glob("tributary*.1.gz"))) > 15
    assert (share / "bash-completion/completions/tributary").exists()
    assert (share / "zsh/vendor-completions/_tributary").exists()
