"""``python -m datus.api.server``: flags, preparation, and the server itself, in front or as a daemon.

What serving needs is imported where it is needed: ``--action status`` answers at once.
"""

import argparse
import errno
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from datus.api import banner
from datus.api.daemon import Daemon, server_command
from datus.config import ServerConfig, Settings, datus_home, load_settings
from datus.errors import ConfigError, DatusError, UnavailableError

STARTUP_FAILED = 3
STOP_SLACK_S = 20.0  # beyond the grace time; process.LAST_RESORT_S has ended the server before


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    arguments = make_parser().parse_args(argv)
    os.umask(0o077)
    try:
        if arguments.daemon or arguments.action != "start":
            return control_daemon(arguments, os.environ)
        return serve(arguments, os.environ)
    except DatusError as error:
        sys.stderr.write(f"datus: {error.message}\n")
        return 2 if isinstance(error, ConfigError) else 1


def make_parser() -> argparse.ArgumentParser:
    """The flags. docs/http.md has a row for each."""
    parser = argparse.ArgumentParser(
        prog="python -m datus.api.server", description="Serve the datus HTTP API."
    )
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    add("--port", type=_port, default=8000, help="port (default %(default)s; 0: any free one)")
    add("--workers", type=_workers, default=1, help="processes (default %(default)s)")
    add("--reload", action="store_true", help="reload on code changes, for development")
    add("--debug", action="store_true", help="debug logging, never secrets")
    add(
        "--log-format",
        choices=("text", "json"),
        default="text",
        help="text, or one JSON object a line (default %(default)s)",
    )
    add("--daemon", action="store_true", help="run in the background")
    add(
        "--config",
        type=Path,
        help="path of agent.yml (default ./conf, ~/.datus/conf, then the demo)",
    )
    add(
        "--action",
        choices=("start", "stop", "status", "restart"),
        default="start",
        help="what to do with the daemon (default %(default)s)",
    )
    add("--pid-file", type=Path, help="where the daemon keeps its pid (default ~/.datus/datus.pid)")
    add("--daemon-log-file", type=Path, help="where it logs (default ~/.datus/datus.log)")
    return parser


def serve(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    """Serve in the foreground until a signal ends it."""
    # uvicorn raises the signal again once all is closed in order: the end that was asked for is no failure.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    from datus.api.process import CLIENTS_VARIABLE, CONFIG_VARIABLE, prepare
    from datus.telemetry.shared import DIRECTORY_VARIABLE as FIGURES_VARIABLE

    settings = load_settings(arguments.config, env=env)
    listener = bind(arguments.host, arguments.port)
    port = listener.getsockname()[1]
    clients = prepare(settings, host=arguments.host, env=env, say=say)
    os.environ[CONFIG_VARIABLE] = str(settings.config_path or "")
    os.environ[CLIENTS_VARIABLE] = str(clients)
    os.environ.pop(FIGURES_VARIABLE, None)  # one process keeps its figures to itself
    if arguments.reload and arguments.workers > 1:
        say("With --reload there is one process; --workers is not used.")
    banner.announce_when_up(arguments.host, port, settings, say)
    return _run_uvicorn(arguments, port, listener, settings)


def _run_uvicorn(
    arguments: argparse.Namespace, port: int, listener: socket.socket, settings: Settings
) -> int:
    import uvicorn
    from uvicorn.supervisors import ChangeReload, Multiprocess

    from datus.api.logs import log_config
    from datus.telemetry.shared import shared_figures

    # Addresses in X-Forwarded-For can be made up, so they count only where the operator names the proxy.
    proxies = os.environ.get("FORWARDED_ALLOW_IPS")
    config = uvicorn.Config(
        "datus.api.app:from_environment",
        factory=True,
        host=arguments.host,
        port=port,
        workers=arguments.workers,
        reload=arguments.reload,
        reload_dirs=[str(Path(__file__).parents[1])] if arguments.reload else None,
        log_config=log_config(debug=arguments.debug, form=arguments.log_format),
        access_log=False,
        server_header=False,
        proxy_headers=proxies is not None,
        forwarded_allow_ips=proxies,
        timeout_graceful_shutdown=round(settings.server.shutdown_grace_s),
        lifespan="on",
        ws="none",
    )
    try:
        if config.should_reload:
            ChangeReload(config, target=uvicorn.Server(config).run, sockets=[listener]).run()
        elif arguments.workers > 1:
            supervisor = Multiprocess(config, sockets=[listener])
            with shared_figures(os.environ):
                supervisor.run()
            if any(process.exitcode == STARTUP_FAILED for process in supervisor.processes):
                return STARTUP_FAILED
        else:
            uvicorn.Server(config).run(sockets=[listener])
    except KeyboardInterrupt:
        return 0
    return 0


def control_daemon(arguments: argparse.Namespace, env: Mapping[str, str]) -> int:
    """Start, stop or restart the daemon, or say whether it runs."""
    home = datus_home(env)
    daemon = Daemon(
        pid_file=(arguments.pid_file or home / "datus.pid").absolute(),
        log_file=(arguments.daemon_log_file or home / "datus.log").absolute(),
        say=say,
    )
    if arguments.action == "status":
        return daemon.status()
    if arguments.action == "stop":
        daemon.stop(_grace_s(arguments, env) + STOP_SLACK_S)
        return 0
    # What would keep a new server from starting must not end the one that runs.
    _check_daemon_flags(arguments)
    settings = load_settings(arguments.config, env=env)
    if arguments.action == "restart":
        daemon.stop(settings.server.shutdown_grace_s + STOP_SLACK_S)
    _start(daemon, arguments, settings, env)
    return 0


def _grace_s(arguments: argparse.Namespace, env: Mapping[str, str]) -> float:
    """The grace time. A server can be stopped although its configuration is broken by now."""
    try:
        return load_settings(arguments.config, env=env).server.shutdown_grace_s
    except ConfigError:
        return ServerConfig().shutdown_grace_s


def _check_daemon_flags(arguments: argparse.Namespace) -> None:
    if arguments.reload:
        raise ConfigError(
            "--daemon cannot be used with --reload: reload is for development in front."
        )
    if arguments.port == 0:
        raise ConfigError("--daemon needs a port of its own: give --port a number above 0.")


def _start(
    daemon: Daemon, arguments: argparse.Namespace, settings: Settings, env: Mapping[str, str]
) -> None:
    def prepared() -> list[str]:
        from datus.api.process import prepare

        bind(arguments.host, arguments.port).close()
        prepare(settings, host=arguments.host, env=env, say=say)
        flags = ["--host", arguments.host, "--port", str(arguments.port)]
        flags += ["--workers", str(arguments.workers), "--log-format", arguments.log_format]
        if settings.config_path:
            flags += ["--config", str(settings.config_path)]
        return server_command(flags + ["--debug"] * arguments.debug)

    pid = daemon.start(prepared, lambda: banner.is_up(arguments.host, arguments.port))
    say(f"datus runs in the background, pid {pid}. It logs to {daemon.log_file}.")
    say(banner.text(arguments.host, arguments.port, settings))


def bind(host: str, port: int) -> socket.socket:
    """A bound socket, before anything else is done, so that a port in use is said at once.

    Raises:
        UnavailableError: The port is taken, or the address is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        # Only where the protocol is named does asyncio turn Nagle's algorithm off on what it accepts; with
        # it, an answer on a connection that was used before waits 40 ms for the client's delayed ACK.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reasons = {
            errno.EADDRINUSE: "another program listens there; stop it or choose another --port",
            errno.EACCES: "ports below 1024 need more rights; choose a higher --port",
            errno.EADDRNOTAVAIL: "this is no address of this machine; choose another --host",
        }
        reason = reasons.get(error.errno or 0, f"{error.strerror}; choose another --host")
        raise UnavailableError(f"Cannot listen on {host} port {port}: {reason}.") from None
    return listener


def say(text: str) -> None:
    """Tell the user something, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) < 65536):
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 256):
        raise argparse.ArgumentTypeError(f"workers are 1 to 256, not {text!r}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
