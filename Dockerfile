# The app on two CPU cores; `docker compose up` starts it beside a Qdrant server.
FROM python:3.11-slim
RUN pip install --no-cache-dir torch==2.13.0 --index-url https://download.pytorch.org/whl/cpu
WORKDIR /app
COPY requirements.txt .
RUN pip install --no-cache-dir -r requirements.txt
COPY app.py ./
COPY src src
ENV PYTHONPATH=/app/src
COPY model_assets model_assets
RUN useradd --create-home reader
USER reader
ENV DINOSCOPE_HOST=0.0.0.0
EXPOSE 7860
CMD ["python", "app.py"]
