"""The dashboard of several people, or the lessons alone: the server of `bort app --share`."""

import sys

import streamlit as st

from bort.ui.kit import serving

_sharing = serving.begin(lessons_alone="lessons" in sys.argv[1:])
app = st.App("app.py", secrets=serving.secrets(_sharing), middleware=serving.middleware())
