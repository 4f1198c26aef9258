"""What the form of an Agora run explains beside its fields."""

LEARNER = (
    "The model that is taught. random-guesser remembers its training points and guesses where "
    "none is near; knn asks the nearest training points; random-features is a linear model on "
    "random waves."
)
LABELER = (
    "The second model, which says to which class a new point belongs. The better it is near the "
    "errors, the more the rounds can teach."
)
TORUS_SAMPLER = (
    "How a new point is made near a dev error: tangent along the surface that its neighbours "
    "span, ball in any direction, mixture some of both."
)
TEXT_SAMPLER = (
    "How a new text is found near a dev error: retrieval from the unlabelled pool, edits of some "
    "of its words, mix between it and a neighbour, mixture some of each."
)
SPACE = (
    "Where distances are measured: source, the source network's sentence vectors; student, those "
    "of each round's student; words, means of word vectors, the quickest for edited texts. Usual "
    "is source, but words for the sampler edits and where there is no pool."
)
