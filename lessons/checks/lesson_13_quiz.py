"""The questions at the end of lesson 13; the last two are from lessons 12 and 06."""

from checking import Question

EXERCISES = (
    Question(
        id="13.13",
        title="A unit is dead. How do you know?",
        choices={
            "a": "its weights are near 0",
            "b": "it gives 0 for some of the data",
            "c": "it gives 0 for all of the data",
            "d": "its gradient is NaN",
        },
        answer="956f9719266971f4",
        messages={
            "7ea706482e952e87": "The weights of the units beyond the cliff are large.",
            "7aab4f979985cbd7": "That is what a ReLU is for: it rests for some.",
            "6cd957ecc69ae74c": "Its gradient is 0, exactly.",
        },
        right="For all data that it will ever see: then no gradient reaches its weights.",
    ),
    Question(
        id="13.14",
        title="The loss is NaN from step 40 on. Where is the cause?",
        choices={
            "a": "anywhere: ask for the first NaN or inf, forward and backward",
            "b": "in the loss",
            "c": "in the layer before the loss",
            "d": "in the data of step 40",
        },
        answer="62d525f84dff256b",
        messages={
            "6b3027029b128c9c": "The loss is only where you see it.",
            "a08542b7f87155e3": "A NaN passes through every layer behind its birthplace.",
            "9905bfb799250ffa": "Perhaps; or in a gradient of step 39, which made the weights NaN.",
        },
        right="It may be born backward, one step before it is seen. `mt.summary.health` names the "
        "first layer and your line.",
    ),
    Question(
        id="13.15",
        title="Twenty tanh layers with 64 units, weights with deviation 1: the first gradient is "
        "a million times the last one. What do you change first?",
        choices={
            "a": "a larger learning rate",
            "b": "more layers",
            "c": "clip the gradients",
            "d": "the deviation: 1/8",
        },
        answer="3be967c363a62114",
        messages={
            "e9730491db4ca81c": "The steps of the first layer are far too long already.",
            "242266b9e4543bd1": "Each layer multiplies once more.",
            "f68d2eb721557cd8": "Clipping hides it: units at the ends of tanh still hardly answer.",
        },
        right="Sums of 64 numbers of deviation 1 are about 8. Forward, they push every tanh to its "
        "ends; backward, they double the gradient in each layer. √(1/64) is 1/8.",
    ),
    Question(
        id="13.16",
        title="A curve in the dashboard is a single vertical line. What was forgotten?",
        choices={
            "a": "to flush the writer",
            "b": "to count up the step",
            "c": "to give the curve a name",
            "d": "to open TensorBoard",
        },
        answer="542f6c1fdaa8adef",
        messages={
            "effcccbbf96378dc": "Then points would be missing.",
            "eb884373e2fe41e8": "Then it would be called scalar_summary.",
            "80b3856d0aa29ce8": "The line is what was recorded.",
        },
        right="All values lie at one step.",
    ),
    Question(
        id="13.17",
        title="From lesson 12: a larger batch, with a mean in the loss and the same rate. What "
        "changes?",
        choices={
            "a": "fewer steps in a pass, each less noisy",
            "b": "the gradient is larger by the same factor",
            "c": "nothing",
            "d": "the loss explodes",
        },
        answer="5cce0f2627dc1408",
        messages={
            "947996fd34e8064d": "With a sum it would be. A mean divides by the size of the batch.",
            "f2291deaba3b86e4": "Each pass over the data makes fewer steps.",
            "2a8818aff5898799": "A less noisy gradient does not make it explode.",
        },
        right="So it can afford a larger rate, and should have it.",
    ),
    Question(
        id="13.18",
        title="From lesson 06: a gradient is None, not NaN and not 0. What does that say?",
        choices={
            "a": "the slope is 0 there",
            "b": "the slope is infinite there",
            "c": "the tape knows no way from the variable to the loss",
            "d": "the unit is dead",
        },
        answer="1566222d1b58a94e",
        messages={
            "eec9aea7473739f2": "A slope of 0 is the number 0.",
            "42ebf7132548f69c": "An infinite slope is inf, and 0 times it is NaN.",
            "7c55b48b7f23c2b7": "A dead unit has the gradient 0: a way, but nothing comes.",
        },
        right="`mt.summary.health` and `tape.explain()` say where the way ends.",
    ),
)
