from .result import InjectionMap as InjectionMap
from .result import MapCell as MapCell
from .result import TimeRange as TimeRange
from .run import make_map as make_map
from .session import MapSession as MapSession
from .settings import MapSettings as MapSettings
from .settings import NetworkSpec as NetworkSpec
from .studies import session_of as session_of
