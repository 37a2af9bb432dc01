"""All that can be done without QGIS: rasters, relevés, encoders, the model file, inference, worker and CLI."""
