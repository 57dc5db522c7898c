"""Data without a download: what ships in installed packages, and what a seed makes.

Each module has a `load_data()` that returns `(x_train, y_train), (x_test, y_test)`, numpy arrays,
inputs float32, classes and characters int64. The split is the same on every machine; `test_split`
and `seed` change it.

| module | what | from |
|---|---|---|
| digits | 1797 grey images, 8 × 8, ten classes | scikit-learn |
| iris, wine, breast_cancer | tables with three, three, two classes | scikit-learn |
| diabetes | a table with a number to predict | scikit-learn |
| sample_images | photographs, and patches of them | scikit-image or scikit-learn |
| pydoc_topics | English text, character by character | Python itself |
| unicode_words, time_zones | words and names, character by character | Python, the system |
| blobs, circles, two_moons, spirals | points in the plane | computed |
| shifted_digits | digits at random places on a larger canvas | scikit-learn, computed |
| tones | steady, rising, falling sounds | computed |
| reversal | sequences to write backward | computed |

Keras's own datasets (mnist, cifar10, imdb, …) lie on servers; their `load_data` says what to take
instead.
"""

from minitensor.keras.datasets import blobs as blobs
from minitensor.keras.datasets import breast_cancer as breast_cancer
from minitensor.keras.datasets import characters as characters
from minitensor.keras.datasets import circles as circles
from minitensor.keras.datasets import diabetes as diabetes
from minitensor.keras.datasets import digits as digits
from minitensor.keras.datasets import iris as iris
from minitensor.keras.datasets import pydoc_topics as pydoc_topics
from minitensor.keras.datasets import reversal as reversal
from minitensor.keras.datasets import sample_images as sample_images
from minitensor.keras.datasets import shifted_digits as shifted_digits
from minitensor.keras.datasets import spirals as spirals
from minitensor.keras.datasets import time_zones as time_zones
from minitensor.keras.datasets import tones as tones
from minitensor.keras.datasets import two_moons as two_moons
from minitensor.keras.datasets import unicode_words as unicode_words
from minitensor.keras.datasets import wine as wine
from minitensor.keras.datasets.elsewhere import boston_housing as boston_housing
from minitensor.keras.datasets.elsewhere import california_housing as california_housing
from minitensor.keras.datasets.elsewhere import cifar10 as cifar10
from minitensor.keras.datasets.elsewhere import cifar100 as cifar100
from minitensor.keras.datasets.elsewhere import fashion_mnist as fashion_mnist
from minitensor.keras.datasets.elsewhere import imdb as imdb
from minitensor.keras.datasets.elsewhere import mnist as mnist
from minitensor.keras.datasets.elsewhere import reuters as reuters
