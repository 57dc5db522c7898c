"""The predictions and questions of lesson 08."""

from checking import Question

EXERCISES = (
    Question(
        id="08.1",
        title="What does func2(1, 2) print for a, b and result?",
        choices={
            "a": "1 2 tf.Tensor(5, shape=(), dtype=int32)",
            "b": '1 2 Tensor("Linear_function/Add_1:0", shape=(), dtype=int32)',
            "c": 'Tensor("a:0", …) Tensor("b:0", …) Tensor("Add:0", …)',
            "d": "nothing: a graph does not print",
        },
        answer="7e58ad66c9cd92d8",
        messages={
            "a706cf91d6d3a50d": "That is what eager code prints. Here the function is being "
            "traced: there is a shape and a dtype, and no value yet.",
            "0e7c0f7d6215fa51": "Only tensors become symbols. 1 and 2 are Python numbers and stay "
            "what they are.",
            "3997b224c34eef09": "A graph runs no Python. But Python runs once to make the graph, "
            "and then it prints.",
        },
        right=(
            "Python numbers stay numbers, tensors become symbols: a name, a shape, a dtype, no "
            "value."
        ),
        hints=("While the function runs for the first time, what is there to be printed?",),
    ),
    Question(
        id="08.2",
        title="What does func2(3, 5) print, right after func2(1, 2)?",
        choices={
            "a": "the three lines again, now with 3 5",
            "b": "nothing, only the result",
            "c": "the three lines again, with 1 2",
            "d": "an error: it was traced for 1 and 2",
        },
        answer="1c99f0bc1b2b5ed7",
        messages={
            "20b9f02f0de0ec5b": "It would be so for tensors. But 3 and 5 are Python numbers, and "
            "other values are another signature.",
            "e8a2ace269cf545c": "The first graph has 1 and 2 in it and can only give 5. Other "
            "numbers need another graph.",
            "5c446c60194430ea": "It is traced again without a word. That is convenient, and the "
            "trap of this lesson.",
        },
        right=(
            "Other Python values, another signature, another trace; and tracing runs the Python "
            "code, prints and all."
        ),
        hints=("Which graph could give 13?",),
    ),
    Question(
        id="08.3",
        title="Why are there no prints under In [64]?",
        choices={
            "a": "a function prints the first time only, whatever its arguments",
            "b": "3 and 5 are ints like 1 and 2, so the first trace was used",
            "c": "the cell had run before, so the trace for 3 and 5 was there already",
            "d": "numbers above 2 are computed without a graph",
        },
        answer="10d92cb428ee0556",
        messages={
            "48ea559c6533123d": "You have just seen two calls that both print.",
            "23d30936015fdc81": "Then the result would be 5. Python values are part of the "
            "signature.",
            "ea2f60d70887c8c0": "Every call of a traced function runs a graph.",
        },
        right=(
            "From 56 to 64 other cells were run, this one among them. A notebook shows the last "
            "run only."
        ),
        hints=("Look at the numbers in the brackets.",),
    ),
    Question(
        id="08.4",
        title="How often do the two lines print?",
        choices={
            "a": "both three times",
            "b": "both once",
            "c": "the one of Python three times, the one of the graph once",
            "d": "the one of Python once, the one of the graph three times",
        },
        answer="54f84260ef284402",
        messages={
            "e21a6f8b8c6b4f5e": "That is eager code. Here Python runs only while the function is "
            "traced.",
            "9209f03ba2a185e5": "mt.print is an operation: it is in the graph, and the graph runs "
            "three times.",
            "f303a9a2748592d2": "The other way round: which of the two is an operation?",
        },
        right=(
            "print is Python, so it runs while tracing. mt.print is an operation, so it runs with "
            "the graph."
        ),
        hints=("Which of the two lines is written into the graph?",),
    ),
    Question(
        id="08.9",
        title="Why do Python numbers count by value, and tensors only by shape and dtype?",
        choices={
            "a": "Python numbers are quicker to compare",
            "b": "a Python number can decide what is traced, so the graph depends on its value",
            "c": "the values of a tensor never change",
            "d": "a graph has room for one Python number only",
        },
        answer="83fdac8c8ea1fb9e",
        messages={
            "6ea51a0369e2f87b": "Comparing more things is not quicker. And why not the values of "
            "tensors then?",
            "c4f931557f420f1a": "They change from call to call, and one graph serves them all: "
            "they come in as an input.",
            "ab9f75b61baedec6": "It has room for as many as you like, as constants. Can a "
            "constant change?",
        },
        right=(
            "range(n), if n > 3, 'x' * n: while tracing a number can steer Python. A symbol "
            "cannot, so no graph depends on a tensor's value."
        ),
        hints=("What can Python do with 3 that it cannot do with a symbol?",),
    ),
    Question(
        id="08.14",
        title=(
            "One large product of matrices takes about as long in a function as without one. Why?"
        ),
        choices={
            "a": "functions speed up sums, not products",
            "b": "it is traced again in every call",
            "c": "the optimiser was switched off",
            "d": "nearly all of the time is spent inside the product, and both do the same product",
        },
        answer="a16e2fa7336c5435",
        messages={
            "9fd4933e3de02f58": "It is no question of the operation, but of what goes on around "
            "it.",
            "663353c88960be4d": "Then it would be slower, and traces(…) would show a card per "
            "call.",
            "5b716f9623eba502": "It is always on. But around a single product there is nothing to "
            "save.",
        },
        right=(
            "A graph saves what surrounds the operations: Python's own work, memory, passes over "
            "the data."
        ),
        hints=("What can a graph leave out, and what not?",),
    ),
    Question(
        id="08.15",
        title=(
            "A function under @mt.function is called a tenth time, with tensors of a known shape. "
            "What runs?"
        ),
        choices={
            "a": "its Python code, compiled to machine code",
            "b": "its Python code, without the prints",
            "c": "the graph that was recorded in the first call",
            "d": "nothing: the result is looked up in the cache",
        },
        answer="dee4d6b2759eb632",
        messages={
            "32205528be42ae05": "The Python code is not translated. It ran once, and the "
            "operations it called were recorded.",
            "8f157a92e9a04a86": "No line of it runs, whether it prints or not.",
            "6cce1c270cdb42c7": "The cache holds graphs, not results: the values are new.",
        },
        right="Python runs while tracing. After that there is only the graph.",
    ),
    Question(
        id="08.16",
        title="A print inside a traced function shows a line. What does that prove?",
        choices={
            "a": "the function was being traced",
            "b": "the graph was running",
            "c": "the result was computed",
            "d": "the function ran eagerly",
        },
        answer="624b42df84955b35",
        messages={
            "474498d7a61d9e0f": "The graph runs without Python. To see it run: mt.print.",
            "24caaa00dbbf95ee": "At that moment there were symbols, and no values.",
            "7d1b37a7fe1e0975": "Inside, mt.executing_eagerly() says False.",
        },
        right="Print is Python's, and Python only runs while tracing.",
    ),
    Question(
        id="08.17",
        title="Which of these calls, repeated a thousand times, fills the memory?",
        choices={
            "a": "step(x) with tensors of one shape and new values",
            "b": "step(array) with numpy arrays of one shape",
            "c": "step(3), always with the same Python number",
            "d": "step(i) with a Python counter i that goes up",
        },
        answer="894f119cea279422",
        messages={
            "705ae49792bbdab5": "Values of tensors are no part of the key: one graph.",
            "ef5fe11745a1715a": "A numpy array counts as a tensor: one graph.",
            "b4631f62aedc6930": "One value, one graph.",
        },
        right="A thousand values are a thousand keys, and a graph for each.",
    ),
    Question(
        id="08.18",
        title=(
            "From lesson 06: a traced function holds a tape and asks it for a gradient. Where is "
            "it computed?"
        ),
        choices={
            "a": "eagerly, after the graph has run",
            "b": "in the same graph, behind the operations it belongs to",
            "c": "in a second function, which is traced when needed",
            "d": "nowhere: tapes only work eagerly",
        },
        answer="536ac3d75e0eb620",
        messages={
            "0f1aab0a9f4663db": "Nothing is eager inside: the gradient's operations are recorded "
            "like any others.",
            "0602e952ae3c5d8f": "One trace has them all: that is why the optimiser could merge "
            "them.",
            "fcf22668cfe35a88": "You have seen one in the last graph of this lesson.",
        },
        right="The rules of lesson 04 are made of operations, and operations are recorded.",
    ),
    Question(
        id="08.19",
        title="From lesson 06: y = np.exp(x) on the way from x to the loss. What happens?",
        choices={
            "a": "the gradient is None, and so it is inside a traced function",
            "b": "the gradient is 0, and inside a traced function it is wrong",
            "c": "the gradient is None, and a traced function raises an error",
            "d": "an error in both cases",
        },
        answer="b1ecf888cdc39873",
        messages={
            "2273ec1306e343f3": "numpy needs values, and inside a traced function there are none "
            "to be had.",
            "0c83b9f20c97e9ce": "A cut path gives None, not 0.",
            "32beb2a504ed7bce": "Eagerly there is a value, numpy takes it, and the tape loses "
            "sight of it.",
        },
        right="numpy takes the value of a tensor, past the tape. A symbol has no value to take.",
    ),
)
