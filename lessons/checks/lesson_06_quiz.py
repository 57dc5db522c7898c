"""The closing questions of lesson 06."""

from checking import Question

EXERCISES = (
    Question(
        id="06.18",
        title="A gradient is None. What does that say?",
        choices={
            "a": "the target does not react to the source",
            "b": "the gradient is too small to be stored",
            "c": "the tape recorded no differentiable path from the source to the target",
            "d": "the training has converged",
        },
        answer="a4910809096960e0",
        messages={
            "56247275893581ea": "That is 0: a path exists and its slope is zero.",
            "f1df75c1106f4fbf": "A tiny gradient is still a number; when it underflows it becomes "
            "0.",
            "7448d79e77a2a9fe": "At a minimum gradients are close to 0, not None.",
        },
        right="None is about the record, 0 is about the function.",
    ),
    Question(
        id="06.19",
        title="y = x * mt.stop_gradient(x) at x = 3. What is the gradient of y in x?",
        choices={"a": "6", "b": "3", "c": "0", "d": "None"},
        answer="4aff90ac1af0277b",
        messages={
            "657b21342c971a26": "6 would need both paths. One of them is stopped.",
            "78932c8f8fe53b2f": "The other path, through the first factor, is open.",
            "243015a7660a01a8": "One path is open, and one is enough.",
        },
        right="The stopped factor counts as a constant 3, so the slope is 3.",
    ),
    Question(
        id="06.20",
        title="When do you need persistent=True?",
        choices={
            "a": "when you ask one tape for gradients more than once",
            "b": "when there is more than one source",
            "c": "when the tape should outlive its `with` block",
            "d": "when variables are updated in a loop",
        },
        answer="5ec5d5a5ab9bd10e",
        messages={
            "e38299693f02a7b3": "A list of sources is one question: tape.gradient(y, [a, b]).",
            "68a3839cd7be0349": "The gradient is asked for after the block anyway.",
            "a4c0c06872c6a33d": "In a loop, each turn makes its own tape.",
        },
        right="It keeps the record, and the memory, until the tape itself goes.",
    ),
    Question(
        id="06.21",
        title="From lesson 04: a value is used by two operations. What is its gradient?",
        choices={
            "a": "the contribution of the operation that ran last",
            "b": "the product of the two contributions",
            "c": "the mean of the two contributions",
            "d": "the sum of the two contributions",
        },
        answer="820dc073f56ebd57",
        messages={
            "04b4ebac153cd118": "That was the bug of lesson 04: `=` where `+=` belongs.",
            "03b8b9331b2316b6": "Slopes are multiplied along one path. Paths are added.",
            "4c63f5b3284d7f65": "Nothing divides: both paths pass on their full share.",
        },
        right="Accumulate: paths are added.",
    ),
    Question(
        id="06.22",
        title="From lesson 04: a bias of shape (10,) is added to a batch of shape (32, 10). "
        "What happens to its gradient?",
        choices={
            "a": "it keeps the shape (32, 10)",
            "b": "it is summed over the 32 rows",
            "c": "it is averaged over the 32 rows",
            "d": "it is taken from the first row",
        },
        answer="bb08253fae84aa9d",
        messages={
            "cbf8e906c6576989": "A gradient has the shape of its value.",
            "47b81446f5c5c11b": "A mean in the *loss* divides; un-broadcasting itself adds.",
            "5799ff5e3d626255": "All 32 rows used the bias.",
        },
        right="Un-broadcast: 32 uses, 32 contributions, added.",
    ),
)
