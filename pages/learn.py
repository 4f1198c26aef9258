"""All lessons: what each answers, how long it takes, what one should know."""

from bort.ui.kit import frame
from bort.ui.learn import overview

LEAD = (
    "Bort is a small text model that was found inside a large one, by optimal subarchitecture "
    "extraction; Agora teaches such a model from few data. Each lesson begins with a picture to "
    "touch. Its numbers come from the code that searches and teaches, or from a source it names."
)

with frame.page("Learn", lead=LEAD):
    overview.show()
