from django.apps import AppConfig

from jobs.kinds import Kind, register


class GenerationConfig(AppConfig):
    name = "generation"
    verbose_name = "Generation"
    health = "generation.registry.health.CHECKS"

    def ready(self) -> None:
        register(Kind(name="generate", queue="generate", run="generation.runs.work.run_generation"))
