<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>BotaCLIP</name>
    <message>
        <location filename="../core/commands.py"/>
        <source>36 square kilometres at 1 m, red, green, blue and near infrared, with relevés, butterflies and soil groups. Everything in it is invented; the true suitability of every species is kept, so maps can be scored.</source>
        <extracomment>help of demo-data</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A band for each species, 1 where it is expected and 0 where not. Nothing is computed again: the thresholds stand in the map.</source>
        <extracomment>help of threshold</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A device counts only when it ran a real tile and agreed with the CPU.</source>
        <extracomment>help of devices</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>A file of this name is replaced.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A row for each area and species that reaches its threshold in enough of its pixels: in how many, and how suitable the area is. Nothing is computed again: the thresholds stand in the map. That a list holds its share of what grows there is promised for plots, not for areas.</source>
        <extracomment>help of lists</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A species counts where it reaches its threshold in at least this share of an area's pixels; 0: in one.</source>
        <extracomment>help of --share</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A species needs at least so many presences to be modelled.</source>
        <extracomment>help of --min-presences</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Ablation</source>
        <extracomment>title of ablate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>About a model</source>
        <extracomment>title of info</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Accept licence (download, import): I have read it and accept it</source>
        <extracomment>label of --accept-licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Accepted names: table with the columns name and accepted</source>
        <extracomment>label of --taxa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Action</source>
        <extracomment>label of ACTION</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter</source>
        <extracomment>label of --adapter</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter of the relevé side: linear, or mlp (two layers; with 256 axes and 1,024 dimensions about 2.4 million parameters are trained altogether).</source>
        <extracomment>help of --releve-adapter</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter start</source>
        <extracomment>label of --adapter-start</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Add the three bands of aoa behind the species: where the map may be believed.</source>
        <extracomment>help of --applicability</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Aerial photograph (synthetic)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Alignment</source>
        <extracomment>label of --alignment</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>An encoder turns the image patch around a plot into a vector. random-conv and colour-texture are built in; DOFA, DINOv3 and FLAIR are fetched, or imported from a file you have, under their own licences; any timm backbone or ONNX file can be added.</source>
        <extracomment>help of encoders</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Another seed makes another landscape.</source>
        <extracomment>help of --seed</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Aoa</source>
        <extracomment>label of --aoa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Applicability</source>
        <extracomment>label of --applicability</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Architecture (import under a new name): timm:NAME, onnx, or like another encoder</source>
        <extracomment>label of --architecture</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Area field: of a plot, in square metres</source>
        <extracomment>label of --area-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Area of applicability</source>
        <extracomment>title of aoa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Areas</source>
        <extracomment>label of --areas</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Augmentation</source>
        <extracomment>label of --augmentation</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands (import, export): such as red,green,blue</source>
        <extracomment>label of --bands</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands by role, for example red=1,green=2,blue=3,nir=4. Not given: read from band names and colours. Other roles, never guessed: rededge1, rededge2, rededge3, swir1, swir2, vv, vh, elevation, and um1.38 for a band at 1.38 micrometres.</source>
        <extracomment>help of --bands</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands: red=1,green=2,…; empty: from names and colours</source>
        <extracomment>label of --bands</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Batch</source>
        <extracomment>label of --batch</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bias</source>
        <extracomment>label of --bias</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Block size [m]</source>
        <extracomment>label of --block-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>BotaCLIP demo landscape (synthetic)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>BotaCLIP model (*.botaclip)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/provider.py"/>
        <source>BotaCLIP: species to expect from imagery and relevés</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Buffer [m]</source>
        <extracomment>label of --buffer</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Build of torch: cpu (0.2 GB) or cuda (3 GB, for NVIDIA cards). auto takes cuda where a driver is found.</source>
        <extracomment>help of --torch</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>By what inner validation chooses alignment, steps and penalty: error (squared error over that of the prevalence) or ranking (order of plots, a species counting by how much it can tell; worth a try with many rare species).</source>
        <extracomment>help of --choose-by</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>By what the number of steps is chosen, always on plots of inner spatial folds: head (error of the species head) or retrieval (mean reciprocal rank of each image's own relevé in the whole held-out gallery).</source>
        <extracomment>help of --stopping</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>COG: Cloud Optimized GeoTIFF</source>
        <extracomment>label of --cog</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS field: where coordinates lie in several</source>
        <extracomment>label of --crs-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS of the coordinates, for example EPSG:2154; needed where the file does not say it.</source>
        <extracomment>help of --crs</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS of the points where the file does not say it.</source>
        <extracomment>help of --crs</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS: of the coordinates, where the file does not say it</source>
        <extracomment>label of --crs</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cache</source>
        <extracomment>title of cache</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Calibration (export): raster for int8</source>
        <extracomment>label of --calibration</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Card</source>
        <extracomment>label of --card</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Change</source>
        <extracomment>title of change</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check</source>
        <extracomment>label of --check</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check a model</source>
        <extracomment>title of verify</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check that a model file is whole, unaltered and safe to open.</source>
        <extracomment>summary of verify</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Checkpoint</source>
        <extracomment>label of --checkpoint</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Choose by</source>
        <extracomment>label of --choose-by</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Citation (import under a new name)</source>
        <extracomment>label of --citation</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Classes of places</source>
        <extracomment>title of clusters</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Clusters</source>
        <extracomment>label of --clusters</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the plots whose values are kept together in one fold (site, transect); used instead of square blocks.</source>
        <extracomment>help of --groups</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the plot's name.</source>
        <extracomment>help of --task-plot-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the target (species, group).</source>
        <extracomment>help of --task-target-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the value (1, 0, abundance). Not given: 'value' if there is one, else every row is a presence.</source>
        <extracomment>help of --task-value-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with a plot's area, in square metres; a plot larger than the patch is flagged.</source>
        <extracomment>help of --area-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with a plot's site; scores are also given within sites. Not given: plots more than 20 km apart lie on different sites.</source>
        <extracomment>help of --site-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the CRS of each plot's coordinates (32631 or EPSG:32631), where they lie in several.</source>
        <extracomment>help of --crs-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the CRS of each point's coordinates, where they lie in several.</source>
        <extracomment>help of --crs-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the cover; not needed for presence data. Not given: 'cover' if there is one.</source>
        <extracomment>help of --cover-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the date of the relevé.</source>
        <extracomment>help of --date-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the easting or longitude; not needed for a point layer.</source>
        <extracomment>help of --x-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the habitat of a plot, for the report and the scores.</source>
        <extracomment>help of --habitat-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the name of each area. Not given: they are numbered.</source>
        <extracomment>help of --area-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the northing or latitude; not needed for a point layer.</source>
        <extracomment>help of --y-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the plot's name.</source>
        <extracomment>help of --plot-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the species' name.</source>
        <extracomment>help of --species-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the uncertainty of a plot's place, in metres; above half a patch the plot is left out.</source>
        <extracomment>help of --uncertainty-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the vegetation layer (tree, shrub, herb) of a row.</source>
        <extracomment>help of --layer-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Contrastive loss: sigmoid (every pair a yes-or-no question) or infonce (softmax over the batch).</source>
        <extracomment>help of --loss</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cover field</source>
        <extracomment>label of --cover-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cover scale</source>
        <extracomment>label of --cover-scale</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cut a suitability map at each species' threshold, by a named rule.</source>
        <extracomment>summary of threshold</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Data</source>
        <extracomment>group of demo-data</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Data type</source>
        <extracomment>label of --data-type</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date field</source>
        <extracomment>label of --date-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date of the image (2018, 2018-07 or 2018-07-15); its year is written into the map's tags. Not given: read from the raster's metadata where they tell it.</source>
        <extracomment>help of --image-date</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date of the image: 2018, 2018-07 or 2018-07-15. Relevés far from it are flagged.</source>
        <extracomment>help of --image-date</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date tolerance: left out beyond it [years]</source>
        <extracomment>label of --date-tolerance</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Decimal</source>
        <extracomment>label of --decimal</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Decimal mark of the tables. auto detects it and says so.</source>
        <extracomment>help of --decimal</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Default: {value}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Demo landscape</source>
        <extracomment>title of demo-data</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Device</source>
        <extracomment>label of --device</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Devices</source>
        <extracomment>title of devices</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Dimensions: number of components, or all</source>
        <extracomment>label of --dimensions</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Downstream</source>
        <extracomment>label of --downstream</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Earlier</source>
        <extracomment>label of --earlier</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Embed encoder</source>
        <extracomment>label of --embed-encoder</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Embedding</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Embedding (first three components)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Embedding raster</source>
        <extracomment>title of embed</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoder</source>
        <extracomment>label of --encoder, label of ENCODER</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoder of species lists: pca or ca (ordination of the transformed table), masked (network that learns to fill in species left out), habitat (network that learns --habitat-field), joint (starts as pca, trained along).</source>
        <extracomment>help of --vegeta</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoders</source>
        <extracomment>label of --encoders, title of encoders</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoders compared by the factor encoder.</source>
        <extracomment>help of --encoders</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoding</source>
        <extracomment>label of --encoding</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Ensemble: further models; mean and spread</source>
        <extracomment>label of --ensemble</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Environment: rasters that join the image</source>
        <extracomment>label of --environment</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Epochs</source>
        <extracomment>label of --epochs</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Evaluate</source>
        <extracomment>title of evaluate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Every cell holds the vector of the patch around it, in the model's space: as principal components (fitted on the training plots) or as the full unit vector.</source>
        <extracomment>help of embed</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Extent</source>
        <extracomment>label of --extent</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Extra Relevés</source>
        <extracomment>label of --extra-releves</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Factors</source>
        <extracomment>label of --factors</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>Fetching through QGIS's proxy {place}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>File (import): checkpoint, ONNX file or folder</source>
        <extracomment>label of --file</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Finish as a Cloud Optimized GeoTIFF with overviews.</source>
        <extracomment>help of --cog</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Finished model to validate on plots that it has never seen.</source>
        <extracomment>help of --model</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Five bands: the sum of calibrated suitabilities; the interval that is to hold 90 % of such plots, low and high; Shannon's index and the local contribution to beta diversity (1: as unusual as a training plot is on average) of the expected list, not of covers.</source>
        <extracomment>help of richness</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder in which finished folds and the state of unfinished fits are kept; the same command with the same folder goes on where it was stopped, to the same result.</source>
        <extracomment>help of --checkpoint</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder of wheels to install from instead of the internet.</source>
        <extracomment>help of --wheels</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder to write.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folds</source>
        <extracomment>label of --folds</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For --positives alike.</source>
        <extracomment>help of --positive-similarity</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For --positives near.</source>
        <extracomment>help of --positive-distance</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For presence-only tasks: random, disk (a distance from presences), sre (outside the envelope of presences in the environment layers, or without any in the first 4 principal axes of the frozen vectors) or target-group (plots with other targets only).</source>
        <extracomment>help of --pseudo-absences</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>From the scores that train has written, without training again. Of the 84 elements of ODMAP what the software knows is filled in; the rest says that it is the author's to write.</source>
        <extracomment>help of report</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Frozen encoder that turns the image into vectors; a+b joins the vectors of two. 'botaclip encoders list' shows them all.</source>
        <extracomment>help of --encoder</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Further models, separated by ;, such as other seeds of the same training: the map holds the mean over all of them, and behind it, band by band, how far they are apart (standard deviation).</source>
        <extracomment>help of --ensemble</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Generate a synthetic landscape with relevés and known truth.</source>
        <extracomment>summary of demo-data</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoPackage or CSV to write.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoTIFF to write.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoTIFF to write. Where the image lies in several CRSs or far apart, a folder of that name holds one raster per tile and one VRT per CRS.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Geometry-preserving term: sum (squared differences of cosines, off-diagonal sum divided by the batch size), mean (over all pairs) or neighbours (Kullback-Leibler divergence of softmax neighbourhoods).</source>
        <extracomment>help of --regulariser</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Groups</source>
        <extracomment>label of --groups</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Habitat field</source>
        <extracomment>label of --habitat-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Head</source>
        <extracomment>label of --head</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Held-out predictions: {species} (ringed: found)</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or both. auto takes what its makers do.</source>
        <extracomment>help of --pooling</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. auto takes the encoder's own. A model is valid only in the mode it was trained in.</source>
        <extracomment>help of --mode</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How cover is written. auto deduces it from the codes and says what it took; the two braun-blanquet conventions differ at class 4 (Turboveg 68 %, class mid-point 62.5 %); -old has no 2m, 2a, 2b.</source>
        <extracomment>help of --cover-scale</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How plots are held out: blocks (squares), hexagons, sites (whole sites), groups (--groups), loo (each plot by itself, without its neighbours within --buffer), stratified (random, keeping the share of presences; not spatial), random (not spatial). auto is groups where --groups is given, else blocks.</source>
        <extracomment>help of --splits</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How several rows (layers) of one species in a plot are combined: independent, 1 - product(1 - cover), as layers that overlap at random; sum, capped at 100 %; or max.</source>
        <extracomment>help of --layers</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How the image vectors are adapted to the relevés: botaclip (contrastive + geometry regulariser), contrastive, supervised (species head), joint (contrastive + species head + regulariser), canonical (reduced-rank regression of floristic axes), whitened (principal components), none, or auto (picks among them by inner spatial validation and says what).</source>
        <extracomment>help of --alignment</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How window encoders look at the image; a model works only in the mode it was trained in, so anything but auto is a check.</source>
        <extracomment>help of --mode</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Image</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image adapter, started as the identity: linear; residual (linear with a small multilayer perceptron beside it); attention (among groups of dimensions).</source>
        <extracomment>help of --adapter</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image date: 2018, 2018-07 or 2018-07-15</source>
        <extracomment>label of --image-date</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image to look at: any raster that GDAL reads, or a folder of tiles; they may lie in several CRSs and far apart.</source>
        <extracomment>help of --raster</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image vectors of plots, finished windows of interrupted maps, and exported graphs of encoders. Clearing loses time, never results.</source>
        <extracomment>help of cache</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Image {code}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Index URL</source>
        <extracomment>label of --index-url</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Indicators</source>
        <extracomment>label of --indicators</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Init: model to continue from</source>
        <extracomment>label of --init</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Input name (import of ONNX)</source>
        <extracomment>label of --input-name</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Input size (import)</source>
        <extracomment>label of --input-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>Its name and password are in QGIS's authentication store and are not handed on.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>JSON</source>
        <extracomment>label of --json</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Judge alignment as a reviewer would: every column beside the baselines.</source>
        <extracomment>summary of evaluate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Lambda</source>
        <extracomment>label of --lambda</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layer field</source>
        <extracomment>label of --layer-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Layers that are no files (web maps, databases) are exported to a temporary GeoTIFF for the extent first.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layers: how a species in several is combined</source>
        <extracomment>label of --layers</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layout: one row per plot and species, or a matrix</source>
        <extracomment>label of --layout</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learn from a raster and a table of relevés which species to expect where.</source>
        <extracomment>summary of train</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learning rate</source>
        <extracomment>label of --learning-rate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learning rate over the steps: constant, or cosine after a warm-up of a tenth of the steps.</source>
        <extracomment>help of --schedule</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence</source>
        <extracomment>label of --licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence (import under a new name)</source>
        <extracomment>label of --licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence file (import): text to keep beside the weights</source>
        <extracomment>label of --licence-file</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence of the model, to be kept in it. Not given: as its author decides.</source>
        <extracomment>help of --licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List the devices that can compute, each tried and compared with the CPU.</source>
        <extracomment>summary of devices</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List the species to expect in each polygon, from a suitability map.</source>
        <extracomment>summary of lists</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List, fetch, import, export, check and remove encoders.</source>
        <extracomment>summary of encoders</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Loss</source>
        <extracomment>label of --loss</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Make, check or remove the Python environment that the worker runs in.</source>
        <extracomment>summary of setup</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map classes of places that look alike to a model, with their indicator species.</source>
        <extracomment>summary of clusters</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map how like every place is to a list of species, a training plot or a place.</source>
        <extracomment>summary of similarity</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map how many of a model's species to expect, with an interval, and their diversity.</source>
        <extracomment>summary of richness</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map of the area of applicability that aoa has made, to be shown in the report.</source>
        <extracomment>help of --aoa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map the adapted image vectors of a model over a raster.</source>
        <extracomment>summary of embed</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map the suitability of species over a raster with a model.</source>
        <extracomment>summary of suitability</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map what has changed between two dates of imagery, beyond what light and season explain.</source>
        <extracomment>summary of change</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map where a model may be believed: how far places are from its training plots.</source>
        <extracomment>summary of aoa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Maps</source>
        <extracomment>group of aoa, group of change, group of clusters, group of embed, group of lists, group of predict, group of richness, group of similarity, group of suitability, group of threshold</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mask: polygons; outside is nodata</source>
        <extracomment>label of --mask</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mean (import): one number a band</source>
        <extracomment>label of --mean</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Metrics</source>
        <extracomment>label of --metrics</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Min presences</source>
        <extracomment>label of --min-presences</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mirror (download): address that holds the encoders' files</source>
        <extracomment>label of --mirror</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mode</source>
        <extracomment>label of --mode</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mode (export)</source>
        <extracomment>label of --mode</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model</source>
        <extracomment>group of ablate, group of evaluate, group of info, group of report, group of train, group of verify, label of --model, label of MODEL</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model card: a text file to keep in the model, what it is good for and where it must not be trusted.</source>
        <extracomment>help of --card</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model file to write (*.botaclip).</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model to continue from: its adapter is where the new one starts. Plots that it has seen are not scored.</source>
        <extracomment>help of --init</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Models on the vectors: forest (the paper's), linear (ridge or logistic), boosting.</source>
        <extracomment>help of --downstream</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Most passes over the plots while adapting. Not given: as many as inner validation finds useful.</source>
        <extracomment>help of --epochs</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Name of the encoder; for import, also a new name of your own.</source>
        <extracomment>help of ENCODER</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Names: of species</source>
        <extracomment>label of --names</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of classes.</source>
        <extracomment>help of --clusters</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of plant species.</source>
        <extracomment>help of --species</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of principal components to keep, or all for the full unit vectors.</source>
        <extracomment>help of --dimensions</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of relevés.</source>
        <extracomment>help of --plots</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of spatial folds.</source>
        <extracomment>help of --folds</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of views of each patch with --augmentation.</source>
        <extracomment>help of --views</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, calibrated on tiles.</source>
        <extracomment>help of --precision</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>ODMAP protocol to write (CSV).</source>
        <extracomment>help of --odmap</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Odmap</source>
        <extracomment>label of --odmap</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Of matrices; biases, norms, t and b are never decayed.</source>
        <extracomment>help of --weight-decay</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Of the image adapter. Not given: what trials found for each alignment.</source>
        <extracomment>help of --learning-rate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>One band per species, 0 to 1, NaN where the patch is not seen. A value refers to a plot of the training relevés' area centred in the cell.</source>
        <extracomment>help of suitability</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>One model looks at both dates on one lattice. For the vectors (cosine distance) and for each species (difference of suitability, later less earlier) two bands: how far the dates differ, and -1, 0 or 1 where that is beyond noise. The noise is measured on places taken to be stable: polygons that you name, or the middle half of all.</source>
        <extracomment>help of change</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only say what is there and whether it is whole.</source>
        <extracomment>help of --check</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only so many species of highest suitability: bands with their numbers (the tags name them), then their suitabilities. For floras of thousands of species.</source>
        <extracomment>help of --top</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only unseen</source>
        <extracomment>label of --only-unseen</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Or a place on the raster: x,y, with [EPSG:code] behind it when not in its CRS.</source>
        <extracomment>help of --place</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Or the name of a training plot of the model.</source>
        <extracomment>help of --plot</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output</source>
        <extracomment>label of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output (export): ONNX file</source>
        <extracomment>label of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output name (import of ONNX)</source>
        <extracomment>label of --output-name</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Overwrite</source>
        <extracomment>label of --overwrite</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Package index instead of PyPI.</source>
        <extracomment>help of --index-url</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Packages</source>
        <extracomment>label of --packages</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pairs every relevé with the image patch around it, aligns both with BotaCLIP's adapters where that helps, fits species heads, judges everything by spatial block cross-validation beside the baselines that could explain it away, and writes one model file.</source>
        <extracomment>help of train</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pairs of plots nearer than this, not each other's own, are not asked about.</source>
        <extracomment>help of --unknown-ring</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Part</source>
        <extracomment>label of --part</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Part of the raster to work on: xmin,xmax,ymin,ymax, with [EPSG:code] behind it when not in the raster's CRS.</source>
        <extracomment>help of --extent</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Patch size: side of the square around a plot [m]</source>
        <extracomment>label of --patch-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pixel size (import): finest,coarsest, in metres</source>
        <extracomment>label of --gsd</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pixel size of the result; rounded to a whole number of cells of the model's lattice. Not given: the number of cells nearest to a tenth of the patch.</source>
        <extracomment>help of --stride</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Place: or like a place: x,y [EPSG:code]</source>
        <extracomment>label of --place</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Places like this</source>
        <extracomment>title of similarity</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot field</source>
        <extracomment>label of --plot-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot locations</source>
        <extracomment>label of --plot-locations</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot: or like a training plot, by its name</source>
        <extracomment>label of --plot</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <location filename="../core/commands.py"/>
        <source>Plots</source>
        <extracomment>label of --plots</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots in a batch.</source>
        <extracomment>help of --batch</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots to write (GeoPackage or CSV), each with what the models that never saw it predict.</source>
        <extracomment>help of --predictions</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots: where the relevés have no coordinates</source>
        <extracomment>label of --plots</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Point layer, or a table with columns x and y.</source>
        <extracomment>help of --points</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Points</source>
        <extracomment>label of --points</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygon layer, in any CRS.</source>
        <extracomment>help of --areas</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygon layer; what lies outside it is nodata.</source>
        <extracomment>help of --mask</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygons where nothing has changed. Not given: at least half of the land is taken to be stable.</source>
        <extracomment>help of --stable</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pooling</source>
        <extracomment>label of --pooling</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pooling (export)</source>
        <extracomment>label of --pooling</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positive distance [m]</source>
        <extracomment>label of --positive-distance</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positive similarity</source>
        <extracomment>label of --positive-similarity</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positives</source>
        <extracomment>label of --positives</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Precision</source>
        <extracomment>label of --precision</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Precision (export)</source>
        <extracomment>label of --precision</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Predict the species to expect at points.</source>
        <extracomment>summary of predict</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Predictions: plots with what unseen models say</source>
        <extracomment>label of --predictions</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Presence by threshold</source>
        <extracomment>title of threshold</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Print as JSON.</source>
        <extracomment>help of --json</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Protocol: strict or paper; not with a model</source>
        <extracomment>label of --protocol</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy</source>
        <extracomment>label of --proxy</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy (download)</source>
        <extracomment>label of --proxy</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy, for example http://proxy.example.org:8080. QGIS gives its own.</source>
        <extracomment>help of --proxy</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo absences</source>
        <extracomment>label of --pseudo-absences</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo distance max [m]</source>
        <extracomment>label of --pseudo-distance-max</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo distance min [m]</source>
        <extracomment>label of --pseudo-distance-min</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo ratio</source>
        <extracomment>label of --pseudo-ratio</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo-absences per presence; never fewer than 30, where there are as many plots to draw from.</source>
        <extracomment>help of --pseudo-ratio</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Python</source>
        <extracomment>label of --python</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Python that the environment is made from. Not given: a suitable one is looked for.</source>
        <extracomment>help of --python</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>QGIS cannot open it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>QGIS cannot read the plots from it</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>QGIS gives no reason</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>QGIS's own Python is never touched: packages go into a private environment in the local application-data folder, from locked versions with checksums.</source>
        <extracomment>help of setup</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>QGIS's proxy is a {kind}, which cannot be used here; give another one, or fetch by hand.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Quantise</source>
        <extracomment>label of --quantise</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Random state</source>
        <extracomment>label of --random-state</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Raster</source>
        <extracomment>label of --raster</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rasters that join the image as predictors (elevation, climate, soil), separated by ;.</source>
        <extracomment>help of --environment</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rasters that join the image as predictors (elevation, climate, soil), separated by ;. A model trained with them needs them again, under the same file names or as name=path; not given: the files it was trained with, where they are still there.</source>
        <extracomment>help of --environment</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>Rasters, one for each CRS of the imagery</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Recomputes every checksum and looks for anything that a model file must not hold.</source>
        <extracomment>help of verify</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Record (import or download under a new name): JSON file that describes the encoder</source>
        <extracomment>label of --record</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Regulariser</source>
        <extracomment>label of --regulariser</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Releve adapter</source>
        <extracomment>label of --releve-adapter</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Relevés</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés more years than this from the image's date are left out. Not given: those beyond 5 years are only counted.</source>
        <extracomment>help of --date-tolerance</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés without imagery, read like --releves, from which the encoder of species lists may learn too. Those that are, or lie near, a plot with imagery are left out.</source>
        <extracomment>help of --extra-releves</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés: a long table (one row per plot and species) or a matrix of plots and species; CSV, TSV, a spreadsheet, GeoPackage, Shapefile or anything OGR reads.</source>
        <extracomment>help of --releves</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés: the table of plots and species</source>
        <extracomment>label of --releves</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Remove</source>
        <extracomment>label of --remove</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Remove the environment and all that came with it.</source>
        <extracomment>help of --remove</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats</source>
        <extracomment>label of --repeats</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats of the cross-validation, each with other folds.</source>
        <extracomment>help of --repeats</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats the strict evaluation of one alignment with one choice changed at a time, on the same folds, and gives the paired difference to the unchanged one. With --alignment auto that is botaclip.</source>
        <extracomment>help of ablate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats, each with other folds.</source>
        <extracomment>help of --repeats</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Replace outputs that exist.</source>
        <extracomment>help of --overwrite</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Report</source>
        <extracomment>label of --report, title of report</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Report to write (HTML, one file).</source>
        <extracomment>help of --output, help of --report</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Richness</source>
        <extracomment>title of richness</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rule</source>
        <extracomment>label of --rule</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>SHA-256 (download, import): that the file must have</source>
        <extracomment>label of --sha256</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Schedule</source>
        <extracomment>label of --schedule</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores of every target, column and task to write (CSV).</source>
        <extracomment>help of --table</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores that train has written (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores to write (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Search</source>
        <extracomment>label of --search</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Seed</source>
        <extracomment>label of --seed</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Seed of everything random; the same seed gives the same result.</source>
        <extracomment>help of --random-state</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Set up the environment</source>
        <extracomment>title of setup</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Set-up</source>
        <extracomment>group of cache, group of devices, group of encoders, group of setup</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Share</source>
        <extracomment>label of --share</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Show or clear what is kept so that work is not done twice.</source>
        <extracomment>summary of cache</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Show what a model file holds and what it is good for.</source>
        <extracomment>summary of info</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Side of the spatial blocks. Not given, or 0: chosen from the extent so that each fold holds several blocks.</source>
        <extracomment>help of --block-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Side of the square around a plot that the encoder sees.</source>
        <extracomment>help of --patch-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Site field</source>
        <extracomment>label of --site-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species</source>
        <extracomment>label of --species</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species at points</source>
        <extracomment>title of predict</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species field</source>
        <extracomment>label of --species-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species list: with cover where known: Carex nigra 40, Molinia caerulea</source>
        <extracomment>label of --species-list</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species lists of areas</source>
        <extracomment>title of lists</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species model on the vectors: linear (ridge, calibrated; small and fast) or forest (random forest, as in the paper; the model file grows by up to 50 MB).</source>
        <extracomment>help of --head</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Species of the relevé</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species suitability</source>
        <extracomment>title of suitability</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to look for, with their cover where it is known: Carex nigra 40, Molinia caerulea.</source>
        <extracomment>help of --species-list</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to map, separated by commas. Not given: all species of the model.</source>
        <extracomment>help of --species</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to model, separated by commas. Not given: all with enough presences.</source>
        <extracomment>help of --species</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species weight</source>
        <extracomment>label of --species-weight</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species, scores, bands, patch, encoder, training extent, licence and how to cite.</source>
        <extracomment>help of info</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species: separated by commas; empty: all</source>
        <extracomment>label of --species</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Splits</source>
        <extracomment>label of --splits</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stable</source>
        <extracomment>label of --stable</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage</source>
        <extracomment>label of --stage</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage (export)</source>
        <extracomment>label of --stage</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.</source>
        <extracomment>help of --stage</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Standard deviation (import): one number a band</source>
        <extracomment>label of --std</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Start of the contrastive loss's temperature t; learnt.</source>
        <extracomment>help of --temperature</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Start of the sigmoid loss's bias; learnt. -10 is the published one, -2.71 has been used for small batches.</source>
        <extracomment>help of --bias</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stopping</source>
        <extracomment>label of --stopping</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Straight from the alignment of images and relevés, without any presence of these species: the cosine of each patch with what is asked for, and the share of training plots that are less alike, which is what the map shows.</source>
        <extracomment>help of similarity</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stride: pixel size of the map [m]</source>
        <extracomment>label of --stride</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Suitability map that suitability has made.</source>
        <extracomment>help of --raster</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Suitability, with --rule value.</source>
        <extracomment>help of --value</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Suitability: {species}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>Summary</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table</source>
        <extracomment>label of --table</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of accepted names: columns name and accepted. Synonyms are replaced, names not in it reported.</source>
        <extracomment>help of --taxa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of indicator species to write (CSV); needs relevés.</source>
        <extracomment>help of --indicators</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of plots with their coordinates; not needed when the relevés carry them.</source>
        <extracomment>help of --plots</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of the scores of every species to write (CSV).</source>
        <extracomment>help of --table</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table to write (CSV).</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Tables of other things to predict, joined by plot name: one row per plot and target; several are separated by ;.</source>
        <extracomment>help of --task</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Targets</source>
        <extracomment>label of --targets</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task kind: auto, presence, presence-only, abundance</source>
        <extracomment>label of --task-kind</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task plot field</source>
        <extracomment>label of --task-plot-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task target field</source>
        <extracomment>label of --task-target-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task value field</source>
        <extracomment>label of --task-value-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task: tables of other things to predict</source>
        <extracomment>label of --task</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Temperature</source>
        <extracomment>label of --temperature</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Text encoding of the tables (text files and dBase). Not given: detected and shown.</source>
        <extracomment>help of --encoding</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>The algorithm was not prepared.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The classes are those of the model's training plots (k-means of unit vectors), the same on every raster. With relevés on the image, a table of the species that tell each class: indicator value, specificity, fidelity, phi and the p of permuted classes.</source>
        <extracomment>help of clusters</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The earlier imagery: the same scenes with the same bands.</source>
        <extracomment>help of --earlier</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The later imagery.</source>
        <extracomment>help of --raster</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>The same on the command line:</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The same with all targets (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Three bands: the dissimilarity index (0 on a training plot), 1 inside the area of applicability and 0 outside, and how many training plots are like the place. Inside, the model's validation speaks for the map; outside, nothing does.</source>
        <extracomment>help of aoa</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Top</source>
        <extracomment>label of --top</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Torch</source>
        <extracomment>label of --torch</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Train a model</source>
        <extracomment>title of train</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Trained model, one *.botaclip file, or the word bundled for the one that comes along.</source>
        <extracomment>help of --model, help of MODEL</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Training plots nearer than this to a test plot are left out. Not given: patch size plus receptive field, so that no patches overlap across folds.</source>
        <extracomment>help of --buffer</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Transform</source>
        <extracomment>label of --transform</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Trials of a search (Optuna) for learning rate, decay, temperature, bias, lambda and axes, by inner validation inside every outer fold, as many for each trained alignment; 0 for none. Each costs about as much as all usual trials of one alignment.</source>
        <extracomment>help of --search</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>URL (download): instead of the known address</source>
        <extracomment>label of --url</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Uncertainty field: of a plot's place, in metres</source>
        <extracomment>label of --uncertainty-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Unidentified: names such as Carex sp.</source>
        <extracomment>label of --unidentified</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Unit: {unit}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Unknown ring [m]</source>
        <extracomment>label of --unknown-ring</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Value</source>
        <extracomment>label of --value</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Value range (import): such as 0,255</source>
        <extracomment>label of --value-range</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Vegeta</source>
        <extracomment>label of --vegeta</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Vegeta axes</source>
        <extracomment>label of --vegeta-axes</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Views</source>
        <extracomment>label of --views</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Views of each patch that the adapter may see in training, encoded once: dihedral (turned and mirrored), crop, colour; none.</source>
        <extracomment>help of --augmentation</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weight decay</source>
        <extracomment>label of --weight-decay</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weights of the geometry-preserving term that are tried, as in 0.1,1; 1 is the paper's.</source>
        <extracomment>help of --lambda</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weights of the species head beside the contrastive loss that are tried with --alignment joint, each with the --lambda nearest to 1.</source>
        <extracomment>help of --species-weight</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What an image and another plot's relevé should be: own (not together), floristic (together as far as the two relevés are alike, Bray-Curtis), gram (cosines of images equal floristic similarity).</source>
        <extracomment>help of --targets</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What an unlisted species means: absent (presence-absence, abundance) or unknown (presence-only). auto deduces it and says so.</source>
        <extracomment>help of --data-type</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What does each choice of the method cost or bring? One table.</source>
        <extracomment>summary of ablate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What is done to cover before it is encoded: hellinger (square root of relative cover), presence, percent, sqrt, log1p, or ordinal (van der Maarel's 1 to 9).</source>
        <extracomment>help of --transform</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What the task tables hold, one word for each or one for all: presence (what is not listed is absent), presence-only (what is not listed is unknown), abundance (numbers), or auto (looks at the values and says what it took).</source>
        <extracomment>help of --task-kind</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to clear.</source>
        <extracomment>help of --part</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to do with names such as 'Carex sp.', 'indet.', 'unknown' or a genus alone: leave-out (they are listed) or keep.</source>
        <extracomment>help of --unidentified</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to vary: lambda, regulariser, temperature, adapter, transform, whitening, augmentation, size (learning curve), encoder, vegeta, loss, targets, positives, bias, schedule, adapter-start, species-weight.</source>
        <extracomment>help of --factors</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Wheels: folder to install from without internet</source>
        <extracomment>label of --wheels</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where the image adapter begins: identity (as in the paper), canonical (the closed form with 16 axes), or auto: canonical for joint, identity for all others.</source>
        <extracomment>help of --adapter-start</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where to compute. auto takes a GPU when one works and says so when it falls back.</source>
        <extracomment>help of --device</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where to write it as JSON; not given: it is printed.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Whether the encoder goes into the model file, so that the file is all one needs: auto up to 128 MB, yes up to 512 MB, no. A model without it needs the same encoder installed where it is used.</source>
        <extracomment>help of --embed-encoder</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Whether the model file holds the plots' places: exact, coarse:M (rounded to M metres) or none.</source>
        <extracomment>help of --plot-locations</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Which relevés count as an image's own beside its own one: site (of the same site), near (within --positive-distance), alike (Bray-Curtis similarity from --positive-similarity).</source>
        <extracomment>help of --positives</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Width of what the encoder of species lists gives.</source>
        <extracomment>help of --vegeta-axes</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With a model: leave out plots that it may have seen and score the others. Not given: a table that holds such plots is refused.</source>
        <extracomment>help of --only-unseen</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With disk: largest distance of a pseudo-absence from the nearest presence. Not given: any.</source>
        <extracomment>help of --pseudo-distance-max</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With disk: smallest distance of a pseudo-absence from the nearest presence. Not given: the buffer.</source>
        <extracomment>help of --pseudo-distance-min</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Without a model: spatial cross-validation of every column of the comparison, for the plants of the relevés and for tasks of your own (another taxon, abundances), with paired tests. With a model: that model, on plots it has never seen.</source>
        <extracomment>help of evaluate</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Write the report of a training, its scores as a table, and its ODMAP protocol.</source>
        <extracomment>summary of report</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Writes a point layer with the suitability of each species, or the reason why there is none.</source>
        <extracomment>help of predict</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>X field: easting or longitude</source>
        <extracomment>label of --x-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Y field: northing or latitude</source>
        <extracomment>label of --y-field</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} h left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} min left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} s left</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose a GeoTIFF, a VRT or a folder of tiles</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose a layer or table that opens</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose another layer</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download, import: I have read the encoder's licence and accept it.</source>
        <extracomment>help of --accept-licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download, import: SHA-256 that the file must have; needed to fetch what no record pins.</source>
        <extracomment>help of --sha256</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: address in front of which the record's file name is put, instead of the publisher's.</source>
        <extracomment>help of --mirror</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: address of the checkpoint instead of the record's.</source>
        <extracomment>help of --url</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: proxy, for example http://proxy.example.org:8080. QGIS gives its own.</source>
        <extracomment>help of --proxy</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>expected: above the suitability of the training prevalence, as at a click; list: on the list that holds the model's share (90 %) of what grows at a place; value: one suitability for all species.</source>
        <extracomment>help of --rule</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>export it as a GeoTIFF (Export &gt; Save As…) and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>export it as a GeoTIFF and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>export it to a CSV file and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>export the part you need as a GeoTIFF in the resolution you need, and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or both. auto takes what its makers do.</source>
        <extracomment>help of --pooling</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. auto takes the encoder's own. A model is valid only in the mode it was trained in.</source>
        <extracomment>help of --mode</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, calibrated on tiles.</source>
        <extracomment>help of --precision</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: ONNX file to write. Not given: it is kept with the encoder.</source>
        <extracomment>help of --output</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.</source>
        <extracomment>help of --stage</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: raster on whose tiles int8 is calibrated and precision is measured.</source>
        <extracomment>help of --calibration</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>give a smaller EXTENT, or export the part you need as a GeoTIFF and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>give an EXTENT, or export the part you need as a GeoTIFF and choose that</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import of ONNX: name of the input. Not given: the only one.</source>
        <extracomment>help of --input-name</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import of ONNX: name of the output, or of a value on the way to it. Not given: the only one.</source>
        <extracomment>help of --output-name</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import or download under a new name: JSON file with the encoder's record.</source>
        <extracomment>help of --record</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: licence of the weights.</source>
        <extracomment>help of --licence</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: timm:NAME, onnx, or the name of an encoder that it is like (dofa-base ...). Not given: what the file looks like.</source>
        <extracomment>help of --architecture</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: whom to cite.</source>
        <extracomment>help of --citation</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import, export: bands in the encoder's order, for example red,green,blue.</source>
        <extracomment>help of --bands</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: checkpoint (*.pth, *.ckpt, *.safetensors), ONNX file, or a folder that holds them.</source>
        <extracomment>help of --file</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: file with the licence's text, to be kept beside the weights.</source>
        <extracomment>help of --licence-file</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: finest and coarsest pixel size of its training images, in metres.</source>
        <extracomment>help of --gsd</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: lowest and highest value of its training images, for example 0,255.</source>
        <extracomment>help of --value-range</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: mean of each band, in the units of --value-range.</source>
        <extracomment>help of --mean</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: side of its input in pixels.</source>
        <extracomment>help of --input-size</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: standard deviation of each band, in the units of --value-range.</source>
        <extracomment>help of --std</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>it cannot be exported ({reason})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it comes from the provider {name}, not from a raster file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has a filter</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has computed columns</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has joins</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has unsaved edits</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>it holds no map</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>it is no layer of its own</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>its source is no plain CSV file, Shapefile or GeoPackage</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>its source {source} is not a plain raster file</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>list: all encoders and what is installed; show: one in full, with its licence; download: fetch its checkpoint; import: take a checkpoint, ONNX file or folder that you have; export: write its ONNX graph and measure what precision costs; verify: recompute digests; remove: delete what was fetched or made.</source>
        <extracomment>help of ACTION</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>list: on the list that holds the model's share (90 %) of what grows at a place; expected: above the suitability of the training prevalence, as at a click.</source>
        <extracomment>help of --rule</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>long: one row per plot and species; wide: one row per plot, one column per species; transposed: one row per species, one column per plot. auto looks at the columns and says what it took.</source>
        <extracomment>help of --layout</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>m</source>
        <extracomment>unit of --block-size, unit of --buffer, unit of --patch-size, unit of --positive-distance, unit of --pseudo-distance-max, unit of --pseudo-distance-min, unit of --stride, unit of --unknown-ring</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>name a file such as {example}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>none keeps float32; uint8 stores value = scale * q + offset, 0 = nodata.</source>
        <extracomment>help of --quantise</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>normalise strips authors, cf. and aff. from species names and writes ranks and hybrids one way, with a report; verbatim takes them as they stand.</source>
        <extracomment>help of --names</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>nothing of the layer lies in the extent</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only its first {count} features are wanted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only its selected features are wanted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only part of its features is wanted</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>repair its source in QGIS</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>run: maps, points and clicks with a ready model (about 0.1 GB to fetch); train: also training and the demo landscape (with torch).</source>
        <extracomment>help of --packages</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>set it in the layer's properties</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>show: what is kept and how large it is; clear: delete it.</source>
        <extracomment>help of ACTION</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>species, plants, vegetation, relevé, suitability, habitat, distribution, embedding, deep learning, machine learning, imagery, orthophoto, remote sensing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>strict: adapter, head and threshold inside each outer spatial fold (default). paper: each plot is embedded by an adapter that did not see its spatial fold, then repeated stratified cross-validation on these vectors. Not with a model.</source>
        <extracomment>help of --protocol</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>the extent of the job cannot be transformed to the layer's CRS</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <location filename="../botaclip_qgis/values.py"/>
        <source>the layer cannot be read</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>the layer has no CRS</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>the project cannot be written ({reason})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>the service does not say the size of its pixels</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>the temporary copy cannot be written ({reason})</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>the worker's GDAL does not know its format</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no file or folder {path}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no raster layer, file or folder {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no table or layer {name}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>use a code such as EPSG:2154</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>use xmin,xmax,ymin,ymax [EPSG:code]</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>years</source>
        <extracomment>unit of --date-tolerance</extracomment>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>{algorithm} has no parameter {name}; it is ignored.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{columns} x {rows} pixels of it would have to be exported, more than {most} million</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{layer} cannot be read as it stands, because {reasons}</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{layer} is a drawn map: its colours are made to be looked at and are no measured data. What is learnt from them holds for this map and this zoom level only.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{layer}: nodata values set in QGIS are not in the file and are not used; write them into the file.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{layer}: {reason}; {columns} x {rows} pixels of it are first exported to a temporary GeoTIFF.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{name} is missing</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{name}: {count} rows of {layer} were written to {path}, because {reasons}.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{path} has no file extension</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>{path} was not written.</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{value} is no coordinate reference system</source>
        <translation type="unfinished"></translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{value} is no extent</source>
        <translation type="unfinished"></translation>
    </message>
</context>
</TS>
