"""Completion, as somebody has it who presses Tab in bash, zsh and fish: the script loads without a word, and completes commands, theirs and flags."""
import re
import subprocess

from line import on_terminal

# What is typed before Tab, what the line becomes.
TYPED = (("cloudapi inst", "cloudapi instances"), ("cloudapi keys rot", "cloudapi keys rotate"), ("cloudapi keys create --ro", "cloudapi keys create --role"))

# How each loads the script, and shows `ready>` and nothing else of its own.
SHELLS = {
    "bash": (["bash", "--noprofile", "--norc", "-i"], "source ./cloudapi.bash"),
    "zsh": (["zsh", "-f", "-i"], "unsetopt zle_bracketed_paste 2>/dev/null; fpath=($PWD $fpath); autoload -Uz compinit; compinit -D -u"),
}


def completing(check, line, folder):
    place = folder / "shells"
    place.mkdir()
    (place / "cloudapi").symlink_to(line.binary)
    environment = line.environment | {"PATH": f"{place}:{line.environment['PATH']}", "TERM": "dumb", "COLUMNS": "200", "INPUTRC": "/dev/null"}
    for shell, name in (("bash", "cloudapi.bash"), ("zsh", "_cloudapi"), ("fish", "cloudapi.fish")):
        (place / name).write_text(line.run("--generate-completion-script", shell).stdout)
    for shell, (command, load) in SHELLS.items():
        for typed, completed in TYPED:
            # What the line became is echoed instead of run.
            echo = "cloudapi() { printf 'became:%s\\n' \"cloudapi $*\"; }"
            _, seen = on_terminal(command, environment | {"PS1": "begin> "}, within=20, cwd=place, typed=(
                ("begin> ", f"PS1='ready''> '; {echo}; {load}\n"), ("ready> ", f"{typed}\t\n"), ("became:", "exit\n")))
            # zsh only shows a flag that takes a value.
            shown = typed.startswith("cloudapi keys create --") and re.search(f"^{completed.split()[-1]} +--", seen, re.M)
            check.that(f"{shell} completes `{typed}`", f"became:{completed}\n" in seen or shown, seen[-600:])
    for typed, completed in TYPED:
        done = subprocess.run(["fish", "--no-config", "-c", f"source cloudapi.fish; complete -C '{typed}'"], env=environment, cwd=place,
                              capture_output=True, text=True, timeout=30)
        offered = [re.split(r"\t", each)[0] for each in done.stdout.splitlines()]
        check.that(f"fish completes `{typed}`", offered == [completed.split()[-1]] and not done.stderr, (offered, done.stderr))
