"""The configuration contract on a run: a wrong environment is refused or told, and lets nobody in."""

from __future__ import annotations

from pathlib import Path

from harness.contracts.base import Check, Context, Contract, Progress
from harness.contracts.configuration.checks import CHECKS
from harness.contracts.configuration.contract import Configuration
from harness.contracts.configuration.declaration import ConfigurationFile, load_configuration
from harness.contracts.configuration.trials import genuine
from harness.core.errors import DeclarationError
from harness.core.redact import learn_variables
from harness.targets.restart import can_run_in_parallel, environment_of


class ConfigurationContract(Contract):
    """See docs/configuration.md. The last of all, for it may end the run's own target, whose port it needs."""

    name = "configuration"
    length = 15.0
    model = ConfigurationFile
    checks = CHECKS
    counted = "starts"
    criterion = "Configuration is complete or refused; health tells the truth"
    needed = ("well", "absent", "empty", "malformed", "outage", "recovery")

    def load(self, suites: Path) -> ConfigurationFile | None:
        """Read configuration.toml."""
        return load_configuration(suites)

    def examine(self, context: Context, file: ConfigurationFile, progress: Progress | None) -> list[Check]:
        """Start the target in each flawed environment. Raises DeclarationError where it does not start in a genuine one."""
        declared = context.declaration
        environment = environment_of(context.target)
        if environment is None:
            return self.unexamined(
                "a server that runs already cannot be started in another environment: give --app or --command"
            )
        engine = context.engine(context.plan())
        together = can_run_in_parallel(context.target)
        if not together:
            context.target.close()
        given = set(declared.matrix.target.env) | set(context.options.env)
        kept = given | set(context.clerk.tls.environment())
        start, more = (genuine(environment, context.clerk.environment(), kept, file, others=o) for o in (False, True))
        learn_variables(more | start | {name: leftover.value for name, leftover in file.legacy.items()})
        for name in file.variables:
            if name not in start:
                raise DeclarationError(
                    f"{declared.root / self.file}: variables.{name}: the harness knows no genuine value for it: "
                    f'{name} = {{ value = "…" }}, or set it in [target.env]'
                )
        contract = Configuration(file, context.target, start, more, engine.sender, context.clerk, side_by_side=together)
        checks = contract.verify(progress=progress)
        dotenv = context.command_surroundings()[1] / ".env"
        if dotenv.is_file() and any(check.failed for check in checks):
            context.note(
                f"{dotenv.name} lies beside the app: what it sets may stand in for a variable that was taken away"
            )
        return checks


CONTRACT = ConfigurationContract()
