"""The closing questions of lesson 04."""

from checking import Question

EXERCISES = (
    Question(
        id="04.9",
        title="Before the backward pass has run, what is the gradient at a node?",
        choices={
            "a": "0",
            "b": "not known yet",
            "c": "1",
            "d": "the value of the node",
        },
        answer="6ba0de94565f62fd",
        messages={
            "de48d557d6f67fca": "0 would be a claim: the target does not react. Nothing was "
            "computed yet.",
            "b8776ef38fb237f4": "Only the target itself starts with 1, and only once the walk "
            "begins.",
            "b975246589c6df51": "Values come from the forward pass. Gradients need the walk back.",
        },
        right="Not computed and zero are different things, and the stepper draws them differently.",
    ),
    Question(
        id="04.10",
        title="relu(x) = max(x, 0) has a kink at 0. What gradient do libraries use there?",
        choices={
            "a": "0, by agreement",
            "b": "NaN, because the slope does not exist",
            "c": "they stop with an error",
            "d": "1, as everywhere else",
        },
        answer="899e1359a23b9119",
        messages={
            "d1c55602e837bf54": "Training would break at the first exact 0. A slope between 0 and "
            "1 is "
            "chosen by agreement.",
            "e7fe81299069c6ef": "An exact 0 is common, for example after another relu. It is no "
            "error.",
            "e07a2ee2caae198b": "Left of the kink the slope is 0. At the kink itself, one was "
            "agreed on.",
        },
        right="Any slope from 0 to 1 would do as a subgradient; TensorFlow, PyTorch and JAX take "
        "0.",
    ),
    Question(
        id="04.11",
        title="What is backpropagation?",
        choices={
            "a": "another word for gradient descent",
            "b": "moving the weights a little against the gradient",
            "c": "estimating slopes by nudging each input",
            "d": "computing the gradient of one number by walking back through its graph",
        },
        answer="afb21f5719b790c2",
        messages={
            "3c6603c95f05edf6": "Gradient descent uses a gradient. Backpropagation computes it.",
            "4cbcda402f319818": "That is a step of gradient descent, which comes after.",
            "8d6dffd7738bd94b": "Nudging is only approximate, and needs a run for every input.",
        },
        right="It yields slopes, exactly, and changes nothing. What you do with them is up to you.",
    ),
    Question(
        id="04.12",
        title="Broadcasting: what is the shape of a + b for shapes (3, 1) and (4,)?",
        choices={"a": "(3, 4)", "b": "(4, 3)", "c": "(3,)", "d": "an error"},
        answer="981be5aace6bba8c",
        messages={
            "ed5fb0e40c936782": "Align shapes on the right: (3, 1) over (1, 4).",
            "95c3e53d07637a52": "Both are stretched: the 1 to 4, and the missing axis to 3.",
            "c63c174887cc306f": "Aligned on the right, 1 meets 4 and nothing meets 3: both fit.",
        },
        right="Aligned on the right, (3, 1) and (1, 4) stretch to (3, 4).",
    ),
    Question(
        id="04.13",
        title="Graphs: what does y = x * x look like in the graph?",
        choices={
            "a": "two nodes for x, one edge each",
            "b": "a loop from the product to itself",
            "c": "one node for x, with two edges to the product",
            "d": "one node for x, with one edge to the product",
        },
        answer="9bd25a9084890301",
        messages={
            "3908f84b4b430603": "There is one value x, however often it is used.",
            "f3b5f12f65080254": "A graph of a computation has no loops: a result never feeds "
            "itself.",
            "40ac23dba7e1f743": "The product has two inputs, so it receives two edges, both from "
            "x.",
        },
        right="Two edges (drawn as one line, 'used 2×'): two contributions come back, x + x = 2x.",
    ),
)
