"""Solver tuning: relaxation parameters of iterative solvers. The policies are those of arms and of contexts."""

from bandits.family import Family

FAMILY = Family(
    name="sor",
    title="Solver tuning: relaxation parameters of iterative solvers",
    problem=("bandits.sor.problem:SolverProblem",),
    examples="environments.sor.examples:examples",
    environments={
        "sor": "environments.sor.sequence:SorSequence",
        "heat": "environments.sor.heat:HeatEquation",
        "heat_simulation": "environments.sor.heat_simulation:HeatSimulation",
    },
    components=(
        "environments.sor.instances:SHIFTS",
        "environments.sor.regions:REGIONS",
        "environments.sor.grids:GRIDS",
        "bandits.contextual.square_cb:ORACLES",
    ),
    tools={
        "relaxation_tuner": "environments.sor.tuner:RelaxationTuner",
    },
)
