from bort.api.agora import Agora as Agora
from bort.api.certificate import Certificate as Certificate
from bort.api.latency import LatencyProfile as LatencyProfile
from bort.api.model import TextClassifier as TextClassifier
from bort.api.search import TextClassifierSearch as TextClassifierSearch
from bort.api.table import search_space as search_space
from bort.api.table import search_table as search_table

NO_WINDOWS: str
__version__: str
