"""The questions at the end of lesson 12; the last two are from lessons 06 and 08."""

from checking import Question

EXERCISES = (
    Question(
        id="12.12",
        title="A loss grows from step to step, faster and faster. What do you try first?",
        choices={
            "a": "train longer",
            "b": "a smaller learning rate",
            "c": "a larger network",
            "d": "more data",
        },
        answer="b9aad71af3b6abcf",
        messages={
            "6529311b2e321be2": "Each step makes it worse: more of them will not help.",
            "424bfca2de269f87": "A larger network has more directions, and the steepest of them "
            "sets the edge.",
            "4b075e9a2c283247": "With a sum in the loss more data makes the steps even longer.",
        },
        right="The rate is beyond 2 / L for some direction. And look whether a sum stands where a "
        "mean belongs.",
    ),
    Question(
        id="12.13",
        title='The last layer is Dense(10, activation="softmax"). Which loss belongs to it?',
        choices={
            "a": "SparseCategoricalCrossentropy(from_logits=True)",
            "b": "sparse_softmax_cross_entropy_with_logits of its output",
            "c": "any of them: softmax of shares gives the same shares",
            "d": "SparseCategoricalCrossentropy(from_logits=False)",
        },
        answer="38b1ba00b6db7a7f",
        messages={
            "ce9e3eca950e6e9c": "It would apply softmax to what has been through softmax.",
            "6e7cc8bf8ae4ff7a": "The name says with_logits: it applies softmax itself.",
            "a3a4302a9688567d": "It does not: 1 and 0 become 0.73 and 0.27.",
        },
        right="Shares come out, so say so. Or leave softmax out of the layer and keep logits.",
    ),
    Question(
        id="12.14",
        title="What does Adam's bias correction correct?",
        choices={
            "a": "the running means begin at 0 and are too small in the first steps",
            "b": "the bias of a layer is updated twice",
            "c": "a mini-batch is not the whole of the data",
            "d": "the rate is too large for steep directions",
        },
        answer="f30f1396b1a274e5",
        messages={
            "332f66a1475c25b0": "It has nothing to do with the b of w * x + b. Bias here means: "
            "wrong on average.",
            "1d69994234040a80": "That is noise, and it remains.",
            "617023f11342ab3f": "Dividing by √v̂ does that.",
        },
        right="After n steps the means hold only 1 - 0.9 ** n of their weight. Dividing by it "
        "gives a proper mean from the first step on.",
    ),
    Question(
        id="12.15",
        title="From lesson 06: a loop says `w = w - rate * gradient`. What happens in the second "
        "turn?",
        choices={
            "a": "nothing special: w is smaller by a step",
            "b": "the gradients of both turns are added",
            "c": "w is a tensor that no tape watches, and the gradient is None",
            "d": "an error: variables cannot be subtracted",
        },
        answer="77fc105e930319ae",
        messages={
            "22b1aa3ce68026af": "The number is right, but w is no variable any more.",
            "fb5304833eb689f6": "A tape keeps nothing from turn to turn.",
            "5689ef2660ae9151": "They can. The result is a tensor.",
        },
        right="The name w was bound to something new. `w.assign_sub(rate * gradient)` moves the "
        "variable.",
    ),
    Question(
        id="12.16",
        title="From lesson 08: a training step under @mt.function takes the number of the step, a "
        "Python int. What happens?",
        choices={
            "a": "the first number is used in every step",
            "b": "each new number makes a new trace",
            "c": "an error: numbers must be tensors",
            "d": "nothing special: it is traced once",
        },
        answer="19bedd03446100aa",
        messages={
            "d4ac9063e40f3660": "Then the key would not know the number. It does: Python values "
            "count by value.",
            "ffaee9af82e74e9b": "Python numbers are allowed; they are just part of the key.",
            "419d8c5aada15b44": "That is so for a tensor, or for a variable that counts, such as "
            "optimizer.iterations.",
        },
        right="A Python number is part of the key. Optimisers count in a variable for this reason.",
    ),
)
