"""A plain Streamlit page, as its manual would write it: one slider and some plotly charts.

The address says how many: `?charts=5&points=500&space=1`, of which `space` are in 3-D.
"""

import numpy as np
import pandas as pd
import plotly.express as px
import streamlit as st

from benchmarks.front.points import made_up

EPSILONS = (0.05, 0.1, 0.25, 0.5, 1.0)


@st.cache_data
def results(points: int) -> pd.DataFrame:
    """Make them up once."""
    return made_up(points)


st.set_page_config(layout="wide")
st.title("Stock")
given = {name: int(st.query_params.get(name, 1)) for name in ("charts", "points", "space")}
epsilon = st.select_slider("epsilon", EPSILONS, value=0.25)
frame = results(given["points"])
frame["covered"] = np.where(frame["error"] < epsilon / 2, "covered", "not covered")
pairs = [("size", "latency"), ("size", "error"), ("latency", "error")]
for number in range(given["charts"]):
    if number < given["space"]:
        figure = px.scatter_3d(frame, x="size", y="latency", z="error", color="covered")
    else:
        x, y = pairs[number % len(pairs)]
        figure = px.scatter(frame, x=x, y=y, color="covered")
    st.plotly_chart(figure, key=f"chart-{number}")
