<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="fr" sourcelanguage="en">
<context>
    <name>BotaCLIP</name>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>&amp;1 Data</source>
        <translation>&amp;1 Données</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>&amp;2 Model</source>
        <translation>&amp;2 Modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>&amp;3 Run</source>
        <translation>&amp;3 Calcul</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>&amp;4 Results</source>
        <translation>&amp;4 Résultats</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>&amp;Device to begin with</source>
        <translation>&amp;Périphérique de calcul par défaut</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>&amp;Folder for the maps</source>
        <translation>&amp;Dossier des cartes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>&amp;Image</source>
        <translation>&amp;Image</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <source>&amp;Model</source>
        <translation>&amp;Modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>&amp;PyTorch, for training</source>
        <translation>&amp;PyTorch, pour l'entraînement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>&amp;Python that computes</source>
        <translation>&amp;Python qui calcule</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>&amp;Relevés</source>
        <translation>&amp;Relevés</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>&amp;Species shown</source>
        <translation>&amp;Espèce affichée</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>, difference {difference}</source>
        <translation>, différence {difference}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>, expected (threshold {value})</source>
        <translation>, attendue (seuil {value})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>, not expected (threshold {value})</source>
        <translation>, non attendue (seuil {value})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>, threshold unknown: whether it is to be expected is not said</source>
        <translation>, seuil inconnu : rien ne dit si elle est attendue</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>36 square kilometres at 1 m, red, green, blue and near infrared, with relevés, butterflies and soil groups. Everything in it is invented; the true suitability of every species is kept, so maps can be scored.</source>
        <extracomment>help of demo-data</extracomment>
        <translation>36 kilomètres carrés à 1 m de résolution, en rouge, vert, bleu et proche infrarouge, avec des relevés, des papillons et des groupes du sol. Tout y est inventé ; l'aptitude véritable de chaque espèce est conservée, si bien que les cartes peuvent être évaluées.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; at place A {value}</source>
        <translation> ; au lieu A {value}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; of the {similar} training plots most like this place 1 holds it: {names}</source>
        <translation> ; elle est présente sur 1 des {similar} placettes d'entraînement les plus semblables à ce lieu : {names}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; of the {similar} training plots most like this place none holds it</source>
        <translation> ; elle est absente des {similar} placettes d'entraînement les plus semblables à ce lieu</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; of the {similar} training plots most like this place {count} hold it: {names}</source>
        <translation> ; elle est présente sur {count} des {similar} placettes d'entraînement les plus semblables à ce lieu : {names}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; too few presences to calibrate it by itself, so the number is rough</source>
        <translation> ; trop peu de présences pour la calibrer à part : la valeur est approximative</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>; training plots nearby that hold it: {count} ({names})</source>
        <translation> ; placettes d'entraînement voisines où elle est présente : {count} ({names})</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A band for each species, 1 where it is expected and 0 where not. Nothing is computed again: the thresholds stand in the map.</source>
        <extracomment>help of threshold</extracomment>
        <translation>Une bande par espèce : 1 là où elle est attendue, 0 ailleurs. Rien n'est recalculé : les seuils sont inscrits dans la carte.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>A band for each species: how suitable each place is</source>
        <translation>Une bande par espèce : l'aptitude de chaque lieu</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A device counts only when it ran a real tile and agreed with the CPU. With a raster, it is also estimated how long a suitability map of all of it takes on each device.</source>
        <extracomment>help of devices</extracomment>
        <translation>Un périphérique ne compte que s'il a réellement traité une dalle et obtenu le même résultat que le processeur. Avec un raster, la durée d'une carte d'aptitude de tout ce raster est aussi estimée pour chaque périphérique.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>A file of this name is replaced.</source>
        <translation>Un fichier du même nom est remplacé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>A model file</source>
        <translation>Un fichier de modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A row for each area and species that reaches its threshold in enough of its pixels: in how many, and how suitable the area is. Nothing is computed again: the thresholds stand in the map. That a list holds its share of what grows there is promised for plots, not for areas.</source>
        <extracomment>help of lists</extracomment>
        <translation>Une ligne pour chaque zone et chaque espèce qui atteint son seuil dans assez de pixels de la zone : dans combien de pixels, et quelle aptitude présente la zone. Rien n'est recalculé : les seuils sont inscrits dans la carte. La part de la flore que la liste doit contenir est garantie pour des placettes, non pour des zones.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A species counts where it reaches its threshold in at least this share of an area's pixels; 0: in one.</source>
        <extracomment>help of --share</extracomment>
        <translation>Une espèce est retenue si elle atteint son seuil dans au moins cette part des pixels de la zone ; 0 : dans un seul.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A species needs at least so many presences to be modelled.</source>
        <extracomment>help of --min-presences</extracomment>
        <translation>Nombre minimal de présences pour qu'une espèce soit modélisée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>A text to copy. It works without an environment and with a broken one. It holds no password, no name of a user, and no paths but those of the plugin, its environments, its cache and its encoders.</source>
        <extracomment>help of diagnostics</extracomment>
        <translation>Un texte à copier. Il s'obtient aussi sans environnement, ou avec un environnement défectueux. Il ne contient ni mot de passe, ni nom d'utilisateur, ni d'autres chemins que ceux de l'extension, de ses environnements, de son cache et de ses encodeurs.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>AUC</source>
        <translation>AUC</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Ablation</source>
        <extracomment>title of ablate</extracomment>
        <translation>Étude d'ablation</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>About a model</source>
        <extracomment>title of info</extracomment>
        <translation>À propos d'un modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>About the model</source>
        <translation>À propos du modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_about.py"/>
        <source>About this place</source>
        <translation>À propos de ce lieu</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>About {fetch} MB to fetch and {disk} MB on disk, in {folder}</source>
        <translation>Environ {fetch} Mo à télécharger et {disk} Mo sur le disque, dans {folder}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Accept licence (download, import): I have read it and accept it</source>
        <extracomment>label of --accept-licence</extracomment>
        <translation>Accepter la licence (download, import) : je l'ai lue et je l'accepte</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Accepted names: table with the columns name and accepted</source>
        <extracomment>label of --taxa</extracomment>
        <translation>Noms acceptés : table avec les colonnes name et accepted</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Action</source>
        <extracomment>label of ACTION</extracomment>
        <translation>Action</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter</source>
        <extracomment>label of --adapter</extracomment>
        <translation>Adaptateur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter of the relevé side: linear, or mlp (two layers; with 256 axes and 1,024 dimensions about 2.4 million parameters are trained altogether).</source>
        <extracomment>help of --releve-adapter</extracomment>
        <translation>Adaptateur du côté des relevés : linear (linéaire) ou mlp (deux couches ; avec 256 axes et 1 024 dimensions, environ 2,4 millions de paramètres sont entraînés au total).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Adapter start</source>
        <extracomment>label of --adapter-start</extracomment>
        <translation>Point de départ de l'adaptateur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Add the three bands of aoa behind the species: where the map may be believed.</source>
        <extracomment>help of --applicability</extracomment>
        <translation>Ajouter après les espèces les trois bandes de aoa : là où l'on peut se fier à la carte.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Add this place to a layer of points</source>
        <translation>Ajouter ce lieu à une couche de points</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Add this place to the layer {layer}</source>
        <translation>Ajouter ce lieu à la couche {layer}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Added to the layer {layer}, which now holds {count}.</source>
        <translation>Ajouté à la couche {layer}, qui en compte désormais {count}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/sample_project.py"/>
        <source>Aerial photograph (invented)</source>
        <translation>Photographie aérienne (inventée)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Aerial photograph (synthetic)</source>
        <translation>Photographie aérienne (synthétique)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Alignment</source>
        <extracomment>label of --alignment</extracomment>
        <translation>Alignement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>All</source>
        <translation>Toutes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>All of it was removed.</source>
        <translation>Tout a été supprimé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Also training models of my own</source>
        <translation>Entraîner aussi mes propres modèles</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>An encoder turns the image patch around a plot into a vector. random-conv and colour-texture are built in; DOFA, DINOv3 and FLAIR are fetched, or imported from a file you have, under their own licences; any timm backbone or ONNX file can be added.</source>
        <extracomment>help of encoders</extracomment>
        <translation>Un encodeur transforme en vecteur l'imagette qui entoure une placette. random-conv et colour-texture sont intégrés ; DOFA, DINOv3 et FLAIR sont téléchargés, ou importés d'un fichier dont vous disposez, sous leurs propres licences ; tout réseau timm ou fichier ONNX peut être ajouté.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>An executable, or the folder of an environment, that has the packages. Empty: found by itself.</source>
        <translation>Un exécutable, ou le dossier d'un environnement, qui contient les paquets. Si vide : trouvé automatiquement.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Another seed makes another landscape.</source>
        <extracomment>help of --seed</extracomment>
        <translation>Une autre graine donne un autre paysage.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Aoa</source>
        <extracomment>label of --aoa</extracomment>
        <translation>Domaine d'applicabilité</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Applicability</source>
        <extracomment>label of --applicability</extracomment>
        <translation>Applicabilité</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Architecture (import under a new name): timm:NAME, onnx, or like another encoder</source>
        <extracomment>label of --architecture</extracomment>
        <translation>Architecture (import sous un nouveau nom) : timm:NOM, onnx, ou comme un autre encodeur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Area field: of a plot, in square metres</source>
        <extracomment>label of --area-field</extracomment>
        <translation>Champ de la surface : celle de la placette, en mètres carrés</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <location filename="../core/commands.py"/>
        <source>Area of applicability</source>
        <extracomment>title of aoa</extracomment>
        <translation>Domaine d'applicabilité</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Areas</source>
        <extracomment>label of --areas</extracomment>
        <translation>Zones</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>Asking for versions and devices…</source>
        <translation>Recherche des versions et des périphériques…</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Augmentation</source>
        <extracomment>label of --augmentation</extracomment>
        <translation>Augmentation des données</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>B − A</source>
        <translation>B − A</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>B: {measure}</source>
        <translation>B : {measure}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Back</source>
        <translation>Retour</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/band_table.py"/>
        <source>Band</source>
        <translation>Bande</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands (import, export): such as red,green,blue</source>
        <extracomment>label of --bands</extracomment>
        <translation>Bandes (import, export) : par exemple red,green,blue</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands by role, for example red=1,green=2,blue=3,nir=4. Not given: read from band names and colours. Other roles, never guessed: rededge1, rededge2, rededge3, swir1, swir2, vv, vh, elevation, and um1.38 for a band at 1.38 micrometres.</source>
        <extracomment>help of --bands</extracomment>
        <translation>Bandes selon leur rôle, par exemple red=1,green=2,blue=3,nir=4. Si vide : lues d'après le nom et la couleur des bandes. Autres rôles, jamais devinés : rededge1, rededge2, rededge3, swir1, swir2, vv, vh, elevation, et um1.38 pour une bande à 1,38 micromètre.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Bands of the image</source>
        <translation>Bandes de l'image</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/band_table.py"/>
        <source>Bands of the raster and their roles</source>
        <translation>Bandes du raster et leurs rôles</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bands: red=1,green=2,…; empty: from names and colours</source>
        <extracomment>label of --bands</extracomment>
        <translation>Bandes : red=1,green=2,… ; si vide : d'après leurs noms et couleurs</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>Bands: {bands}; {size}</source>
        <translation>Bandes : {bands} ; {size}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Bands: {roles}</source>
        <translation>Bandes : {roles}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Batch</source>
        <extracomment>label of --batch</extracomment>
        <translation>Taille des lots</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Beginning…</source>
        <translation>Démarrage…</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Bias</source>
        <extracomment>label of --bias</extracomment>
        <translation>Biais</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Block size [m]</source>
        <extracomment>label of --block-size</extracomment>
        <translation>Taille des blocs [m]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Blocks</source>
        <extracomment>label of --blocks</extracomment>
        <translation>Blocs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Blocks to write (GeoPackage): what is held out together.</source>
        <extracomment>help of --blocks</extracomment>
        <translation>Blocs à écrire (GeoPackage) : ce qui est mis de côté ensemble.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/preview_layers.py"/>
        <source>Blocks: held out together</source>
        <translation>Blocs : mis de côté ensemble</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>BotaCLIP</source>
        <translation>BotaCLIP</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>BotaCLIP computes in a Python of its own, in a separate process. QGIS's Python is never touched, and nothing is sent anywhere. Set it up once; QGIS need not be restarted.</source>
        <translation>BotaCLIP calcule dans un Python qui lui est propre, dans un processus séparé. Le Python de QGIS n'est jamais modifié et rien n'est envoyé nulle part. L'installation se fait une seule fois ; il n'est pas nécessaire de redémarrer QGIS.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>BotaCLIP demo landscape (synthetic)</source>
        <translation>Paysage de démonstration BotaCLIP (synthétique)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>BotaCLIP is set up.</source>
        <translation>BotaCLIP est installé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <location filename="../botaclip_qgis/dialog_widgets.py"/>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>BotaCLIP model</source>
        <translation>Modèle BotaCLIP</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>BotaCLIP model (*.botaclip)</source>
        <translation>Modèle BotaCLIP (*.botaclip)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>BotaCLIP panel</source>
        <translation>Panneau BotaCLIP</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/result_layers.py"/>
        <source>BotaCLIP results</source>
        <translation>Résultats BotaCLIP</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/sample_project.py"/>
        <source>BotaCLIP sample (nothing in it is real)</source>
        <translation>Exemple BotaCLIP (rien n'y est réel)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/sample_project.py"/>
        <source>BotaCLIP sample project</source>
        <translation>Projet d'exemple BotaCLIP</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>BotaCLIP: diagnostics</source>
        <translation>BotaCLIP : diagnostic</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/environment_state.py"/>
        <source>BotaCLIP: looking for Python</source>
        <translation>BotaCLIP : recherche de Python</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>BotaCLIP: sample project</source>
        <translation>BotaCLIP : projet d'exemple</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>BotaCLIP: species to expect</source>
        <translation>BotaCLIP : espèces attendues</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/provider.py"/>
        <source>BotaCLIP: species to expect from imagery and relevés</source>
        <translation>BotaCLIP : espèces attendues d'après l'imagerie et les relevés</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>BotaCLIP: {title}</source>
        <translation>BotaCLIP : {title}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Buffer [m]</source>
        <extracomment>label of --buffer</extracomment>
        <translation>Zone tampon [m]</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Build of PyTorch</source>
        <translation>Version de PyTorch</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Build of torch: cpu (0.2 GB) or cuda (3 GB, for NVIDIA cards). auto takes cuda where a driver is found.</source>
        <extracomment>help of --torch</extracomment>
        <translation>Version de torch : cpu (0,2 Go) ou cuda (3 Go, pour les cartes NVIDIA). auto choisit cuda si un pilote est présent.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>By what inner validation chooses alignment, steps and penalty: error (squared error over that of the prevalence) or ranking (order of plots, a species counting by how much it can tell; worth a try with many rare species).</source>
        <extracomment>help of --choose-by</extracomment>
        <translation>Critère par lequel la validation interne choisit l'alignement, le nombre d'étapes et la pénalité : error (erreur quadratique rapportée à celle de la prévalence) ou ranking (ordre des placettes, chaque espèce comptant selon l'information qu'elle apporte ; à essayer quand les espèces rares sont nombreuses).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>By what the number of steps is chosen, always on plots of inner spatial folds: head (error of the species head) or retrieval (mean reciprocal rank of each image's own relevé in the whole held-out gallery).</source>
        <extracomment>help of --stopping</extracomment>
        <translation>Critère par lequel est choisi le nombre d'étapes, toujours sur les placettes de plis spatiaux internes : head (erreur de la tête d'espèces) ou retrieval (rang réciproque moyen du relevé propre à chaque image parmi tous les relevés mis de côté).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>COG: Cloud Optimized GeoTIFF</source>
        <extracomment>label of --cog</extracomment>
        <translation>COG : Cloud Optimized GeoTIFF</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS field: where coordinates lie in several</source>
        <extracomment>label of --crs-field</extracomment>
        <translation>Champ du SCR : si les coordonnées sont dans plusieurs SCR</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS of the coordinates, for example EPSG:2154; needed where the file does not say it.</source>
        <extracomment>help of --crs</extracomment>
        <translation>SCR des coordonnées, par exemple EPSG:2154 ; nécessaire si le fichier ne l'indique pas.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS of the points where the file does not say it.</source>
        <extracomment>help of --crs</extracomment>
        <translation>SCR des points, si le fichier ne l'indique pas.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>CRS: of the coordinates, where the file does not say it</source>
        <extracomment>label of --crs</extracomment>
        <translation>SCR : celui des coordonnées, si le fichier ne l'indique pas</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cache</source>
        <extracomment>title of cache</extracomment>
        <translation>Cache</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Calibration (export): raster for int8</source>
        <extracomment>label of --calibration</extracomment>
        <translation>Calibration (export) : raster pour int8</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Cancel</source>
        <translation>Annuler</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Cancelled: {title}.</source>
        <translation>Annulé : {title}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Card</source>
        <extracomment>label of --card</extracomment>
        <translation>Fiche du modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Change</source>
        <extracomment>title of change</extracomment>
        <translation>Changement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check</source>
        <extracomment>label of --check</extracomment>
        <translation>Vérifier seulement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check a model</source>
        <extracomment>title of verify</extracomment>
        <translation>Vérifier un modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Check that a model file is whole, unaltered and safe to open.</source>
        <extracomment>summary of verify</extracomment>
        <translation>Vérifie qu'un fichier de modèle est complet, non altéré et sans danger à l'ouverture.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Check the plots</source>
        <translation>Vérifier les placettes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Checkpoint</source>
        <extracomment>label of --checkpoint</extracomment>
        <translation>Dossier de reprise</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Choose a layer of polygons.</source>
        <translation>Choisissez une couche de polygones.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Choose a map to make.</source>
        <translation>Choisissez une carte à produire.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Choose a model file.</source>
        <translation>Choisissez un fichier de modèle.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Choose a model first (step 2).</source>
        <translation>Choisissez d'abord un modèle (étape 2).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Choose a model, then click the map. A model is made with the Processing tool Train a model. A suitability map needs none.</source>
        <translation>Choisissez un modèle, puis cliquez sur la carte. Un modèle se crée avec le traitement « Entraîner un modèle ». Une carte d'aptitude n'en a pas besoin.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Choose a raster file or a folder of tiles</source>
        <translation>Choisir un fichier raster ou un dossier de dalles</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Choose a species to map.</source>
        <translation>Choisissez une espèce à cartographier.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Choose by</source>
        <extracomment>label of --choose-by</extracomment>
        <translation>Critère de choix</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Choose the image (step 1) and a model (step 2) first.</source>
        <translation>Choisissez d'abord l'image (étape 1) et un modèle (étape 2).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Choose the image first (step 1).</source>
        <translation>Choisissez d'abord l'image (étape 1).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Choose the image first.</source>
        <translation>Choisissez d'abord l'image.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Choose the image to look at: a raster layer, or a folder of tiles.</source>
        <translation>Choisissez l'image à examiner : une couche raster ou un dossier de dalles.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Choose the model to continue from.</source>
        <translation>Choisissez le modèle à prolonger.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Choose the table of relevés first.</source>
        <translation>Choisissez d'abord la table des relevés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Citation (import under a new name)</source>
        <extracomment>label of --citation</extracomment>
        <translation>Citation (import sous un nouveau nom)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Classes of places</source>
        <extracomment>title of clusters</extracomment>
        <translation>Classes de lieux</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Click the map</source>
        <translation>Cliquer sur la carte</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Click the map for species</source>
        <translation>Cliquer sur la carte pour connaître les espèces</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Click the map for the species to expect</source>
        <translation>Cliquer sur la carte pour connaître les espèces attendues</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>Click the map to see which species to expect there</source>
        <translation>Cliquez sur la carte pour voir les espèces attendues à cet endroit</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Click the map to see which species to expect there.</source>
        <translation>Cliquez sur la carte pour voir les espèces attendues à cet endroit.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Clusters</source>
        <extracomment>label of --clusters</extracomment>
        <translation>Classes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the plots whose values are kept together in one fold (site, transect); used instead of square blocks.</source>
        <extracomment>help of --groups</extracomment>
        <translation>Colonne des placettes dont les valeurs restent groupées dans un même pli (site, transect) ; remplace les blocs carrés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the plot's name.</source>
        <extracomment>help of --task-plot-field</extracomment>
        <translation>Colonne des tables de tâches avec le nom de la placette.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the target (species, group).</source>
        <extracomment>help of --task-target-field</extracomment>
        <translation>Colonne des tables de tâches avec la cible (espèce, groupe).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column of the task tables with the value (1, 0, abundance). Not given: 'value' if there is one, else every row is a presence.</source>
        <extracomment>help of --task-value-field</extracomment>
        <translation>Colonne des tables de tâches avec la valeur (1, 0, abondance). Si vide : « value » si cette colonne existe, sinon chaque ligne est une présence.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with a plot's area, in square metres; a plot larger than the patch is flagged.</source>
        <extracomment>help of --area-field</extracomment>
        <translation>Colonne avec la surface de la placette, en mètres carrés ; une placette plus grande que l'imagette est signalée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with a plot's site; scores are also given within sites. Not given: plots more than 20 km apart lie on different sites.</source>
        <extracomment>help of --site-field</extracomment>
        <translation>Colonne avec le site de la placette ; les scores sont aussi donnés au sein des sites. Si vide : des placettes distantes de plus de 20 km appartiennent à des sites différents.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the CRS of each plot's coordinates (32631 or EPSG:32631), where they lie in several.</source>
        <extracomment>help of --crs-field</extracomment>
        <translation>Colonne avec le SCR des coordonnées de chaque placette (32631 ou EPSG:32631), si elles sont dans plusieurs SCR.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the CRS of each point's coordinates, where they lie in several.</source>
        <extracomment>help of --crs-field</extracomment>
        <translation>Colonne avec le SCR des coordonnées de chaque point, si elles sont dans plusieurs SCR.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the cover; not needed for presence data. Not given: 'cover' if there is one.</source>
        <extracomment>help of --cover-field</extracomment>
        <translation>Colonne avec le recouvrement ; inutile pour des données de présence. Si vide : « cover » si cette colonne existe.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the date of the relevé.</source>
        <extracomment>help of --date-field</extracomment>
        <translation>Colonne avec la date du relevé.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the easting or longitude; not needed for a point layer.</source>
        <extracomment>help of --x-field</extracomment>
        <translation>Colonne avec l'abscisse ou la longitude ; inutile pour une couche de points.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the habitat of a plot, for the report and the scores.</source>
        <extracomment>help of --habitat-field</extracomment>
        <translation>Colonne avec l'habitat de la placette, pour le rapport et les scores.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the name of each area. Not given: they are numbered.</source>
        <extracomment>help of --area-field</extracomment>
        <translation>Colonne avec le nom de chaque zone. Si vide : elles sont numérotées.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the northing or latitude; not needed for a point layer.</source>
        <extracomment>help of --y-field</extracomment>
        <translation>Colonne avec l'ordonnée ou la latitude ; inutile pour une couche de points.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the plot's name.</source>
        <extracomment>help of --plot-field</extracomment>
        <translation>Colonne avec le nom de la placette.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the species' name.</source>
        <extracomment>help of --species-field</extracomment>
        <translation>Colonne avec le nom de l'espèce.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the uncertainty of a plot's place, in metres; above half a patch the plot is left out.</source>
        <extracomment>help of --uncertainty-field</extracomment>
        <translation>Colonne avec l'incertitude sur la position de la placette, en mètres ; au-delà d'une demi-imagette, la placette est écartée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Column with the vegetation layer (tree, shrub, herb) of a row.</source>
        <extracomment>help of --layer-field</extracomment>
        <translation>Colonne avec la strate de végétation (arborée, arbustive, herbacée) de la ligne.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Columns and cover scale</source>
        <translation>Colonnes et échelle de recouvrement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Continue from a model file</source>
        <translation>Prolonger un fichier de modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Contrastive loss: sigmoid (every pair a yes-or-no question) or infonce (softmax over the batch).</source>
        <extracomment>help of --loss</extracomment>
        <translation>Perte contrastive : sigmoid (chaque paire est une question fermée, oui ou non) ou infonce (softmax sur le lot).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Copy diagnostics</source>
        <translation>Copier le diagnostic</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Copy the list as a table</source>
        <translation>Copier la liste sous forme de table</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Copy the sample project, ready to map and to click, into a folder.</source>
        <extracomment>summary of sample</extracomment>
        <translation>Copie dans un dossier le projet d'exemple, prêt pour les cartes et les clics.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>Copying the sample…</source>
        <translation>Copie de l'exemple…</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cover field</source>
        <extracomment>label of --cover-field</extracomment>
        <translation>Champ du recouvrement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cover scale</source>
        <extracomment>label of --cover-scale</extracomment>
        <translation>Échelle de recouvrement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Cut a suitability map at each species' threshold, by a named rule.</source>
        <extracomment>summary of threshold</extracomment>
        <translation>Découpe une carte d'aptitude au seuil de chaque espèce, selon une règle explicite.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Cut the map</source>
        <translation>Découper la carte</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Cuts the map at each species' threshold; nothing is computed again.</source>
        <translation>Découpe la carte au seuil de chaque espèce ; rien n'est recalculé.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Data</source>
        <extracomment>group of demo-data, group of preview, group of sample</extracomment>
        <translation>Données</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Data type</source>
        <extracomment>label of --data-type</extracomment>
        <translation>Type de données</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date field</source>
        <extracomment>label of --date-field</extracomment>
        <translation>Champ de la date</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date of the image (2018, 2018-07 or 2018-07-15); its year is written into the map's tags. Not given: read from the raster's metadata where they tell it.</source>
        <extracomment>help of --image-date</extracomment>
        <translation>Date de l'image (2018, 2018-07 ou 2018-07-15) ; l'année est inscrite dans les métadonnées de la carte. Si vide : lue dans les métadonnées du raster si elles l'indiquent.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date of the image: 2018, 2018-07 or 2018-07-15. Relevés far from it are flagged.</source>
        <extracomment>help of --image-date</extracomment>
        <translation>Date de l'image : 2018, 2018-07 ou 2018-07-15. Les relevés qui en sont éloignés sont signalés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Date tolerance: left out beyond it [years]</source>
        <extracomment>label of --date-tolerance</extracomment>
        <translation>Tolérance de date : relevés écartés au-delà [ans]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Decimal</source>
        <extracomment>label of --decimal</extracomment>
        <translation>Séparateur décimal</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Decimal mark of the tables. auto detects it and says so.</source>
        <extracomment>help of --decimal</extracomment>
        <translation>Séparateur décimal des tables. auto le détecte et l'indique.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Default: {value}.</source>
        <translation>Par défaut : {value}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Demo landscape</source>
        <extracomment>title of demo-data</extracomment>
        <translation>Paysage de démonstration</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Device</source>
        <extracomment>label of --device</extracomment>
        <translation>Périphérique de calcul</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>Device to begin with</source>
        <translation>Périphérique de calcul par défaut</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Devices</source>
        <extracomment>title of devices</extracomment>
        <translation>Périphériques de calcul</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Diagnostics report</source>
        <extracomment>title of diagnostics</extracomment>
        <translation>Rapport de diagnostic</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Dimensions: number of components, or all</source>
        <extracomment>label of --dimensions</extracomment>
        <translation>Dimensions : nombre de composantes, ou all</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Done: {title}.</source>
        <translation>Terminé : {title}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Downstream</source>
        <extracomment>label of --downstream</extracomment>
        <translation>Modèles en aval</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Each raster of the folder, or of a list of files and folders separated by ;, is a raster of its own: --output is then a folder with one map for each; maps that are finished already and whole are skipped.</source>
        <extracomment>help of --each</extracomment>
        <translation>Chaque raster du dossier, ou d'une liste de fichiers et de dossiers séparés par des points-virgules, est traité à part : --output est alors un dossier avec une carte pour chacun ; les cartes déjà terminées et entières sont passées.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Each: a map for each raster of the folder or list</source>
        <extracomment>label of --each</extracomment>
        <translation>Chaque raster : une carte pour chaque raster du dossier ou de la liste</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Earlier</source>
        <extracomment>label of --earlier</extracomment>
        <translation>Imagerie ancienne</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Embed encoder</source>
        <extracomment>label of --embed-encoder</extracomment>
        <translation>Inclure l'encodeur</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Embedding</source>
        <translation>Plongement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Embedding (first three components)</source>
        <translation>Plongement (trois premières composantes)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Embedding raster</source>
        <extracomment>title of embed</extracomment>
        <translation>Raster de plongements (« embedding »)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoder</source>
        <extracomment>label of --encoder, label of ENCODER</extracomment>
        <translation>Encodeur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoder of species lists: pca or ca (ordination of the transformed table), masked (network that learns to fill in species left out), habitat (network that learns --habitat-field), joint (starts as pca, trained along).</source>
        <extracomment>help of --vegeta</extracomment>
        <translation>Encodeur des listes d'espèces : pca ou ca (ordination de la table transformée), masked (réseau qui apprend à retrouver des espèces masquées), habitat (réseau qui apprend --habitat-field), joint (part de pca, puis est entraîné avec le reste).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoders</source>
        <extracomment>label of --encoders, title of encoders</extracomment>
        <translation>Encodeurs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoders compared by the factor encoder.</source>
        <extracomment>help of --encoders</extracomment>
        <translation>Encodeurs comparés par le facteur encoder.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Encoding</source>
        <extracomment>label of --encoding</extracomment>
        <translation>Encodage du texte</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Ensemble: further models; mean and spread</source>
        <extracomment>label of --ensemble</extracomment>
        <translation>Ensemble : autres modèles ; moyenne et dispersion</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Environment: rasters that join the image</source>
        <extracomment>label of --environment</extracomment>
        <translation>Environnement : rasters qui complètent l'image</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>Environment: {environment}
Kept results: {cache}
Encoders: {encoders}</source>
        <translation>Environnement : {environment}
Résultats conservés : {cache}
Encodeurs : {encoders}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Epochs</source>
        <extracomment>label of --epochs</extracomment>
        <translation>Époques</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Evaluate</source>
        <extracomment>title of evaluate</extracomment>
        <translation>Évaluer</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Every cell holds the vector of the patch around it, in the model's space: as principal components (fitted on the training plots) or as the full unit vector.</source>
        <extracomment>help of embed</extracomment>
        <translation>Chaque cellule contient le vecteur de l'imagette qui l'entoure, dans l'espace du modèle : sous forme de composantes principales (ajustées sur les placettes d'entraînement) ou de vecteur unitaire complet.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Expected at A: {a}, at B: {b}, at both: {both}.</source>
        <translation>Attendues en A : {a}, en B : {b}, aux deux : {both}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Extent</source>
        <extracomment>label of --extent</extracomment>
        <translation>Emprise</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Extra Relevés</source>
        <extracomment>label of --extra-releves</extracomment>
        <translation>Relevés supplémentaires</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Factors</source>
        <extracomment>label of --factors</extracomment>
        <translation>Facteurs</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>Fetching through QGIS's proxy {place}.</source>
        <translation>Téléchargement par le proxy de QGIS, {place}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>File (import): checkpoint, ONNX file or folder</source>
        <extracomment>label of --file</extracomment>
        <translation>Fichier (import) : poids, fichier ONNX ou dossier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Find places like this</source>
        <translation>Chercher des lieux semblables</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Find species</source>
        <translation>Rechercher une espèce</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Find species among the scores</source>
        <translation>Chercher une espèce parmi les scores</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Find species in the list</source>
        <translation>Rechercher une espèce dans la liste</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Find species to map</source>
        <translation>Rechercher une espèce à cartographier</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Finish as a Cloud Optimized GeoTIFF with overviews.</source>
        <extracomment>help of --cog</extracomment>
        <translation>Produire un Cloud Optimized GeoTIFF, avec aperçus.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Finished model to validate on plots that it has never seen.</source>
        <extracomment>help of --model</extracomment>
        <translation>Modèle fini, à valider sur des placettes qu'il n'a jamais vues.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Five bands: the sum of calibrated suitabilities; the interval that is to hold 90 % of such plots, low and high; Shannon's index and the local contribution to beta diversity (1: as unusual as a training plot is on average) of the expected list, not of covers.</source>
        <extracomment>help of richness</extracomment>
        <translation>Cinq bandes : la somme des aptitudes calibrées ; les bornes basse et haute de l'intervalle qui doit contenir 90 % des placettes semblables ; l'indice de Shannon et la contribution locale à la diversité bêta (1 : aussi singulier qu'une placette d'entraînement en moyenne) de la liste attendue, et non des recouvrements.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Folder for the maps</source>
        <translation>Dossier des cartes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder in which finished folds and the state of unfinished fits are kept; the same command with the same folder goes on where it was stopped, to the same result.</source>
        <extracomment>help of --checkpoint</extracomment>
        <translation>Dossier où sont conservés les plis terminés et l'état des ajustements inachevés ; la même commande avec le même dossier reprend là où elle s'est arrêtée, pour le même résultat.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Folder of tiles</source>
        <translation>Dossier de dalles</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Folder of tiles…</source>
        <translation>Dossier de dalles…</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Folder of wheels</source>
        <translation>Dossier de paquets « wheel »</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder of wheels to install from instead of the internet.</source>
        <extracomment>help of --wheels</extracomment>
        <translation>Dossier de paquets « wheel » à installer, sans passer par internet.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folder to write.</source>
        <extracomment>help of --output</extracomment>
        <translation>Dossier à écrire.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Folds</source>
        <extracomment>label of --folds</extracomment>
        <translation>Nombre de plis</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For --positives alike.</source>
        <extracomment>help of --positive-similarity</extracomment>
        <translation>Pour --positives alike.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For --positives near.</source>
        <extracomment>help of --positive-distance</extracomment>
        <translation>Pour --positives near.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>For an NVIDIA card (CUDA)</source>
        <translation>Pour une carte NVIDIA (CUDA)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>For presence-only tasks: random, disk (a distance from presences), sre (outside the envelope of presences in the environment layers, or without any in the first 4 principal axes of the frozen vectors) or target-group (plots with other targets only).</source>
        <extracomment>help of --pseudo-absences</extracomment>
        <translation>Pour les tâches de présence seule : random (au hasard), disk (à une certaine distance des présences), sre (hors de l'enveloppe des présences dans les couches environnementales ou, à défaut, dans les 4 premiers axes principaux des vecteurs figés) ou target-group (uniquement les placettes qui portent d'autres cibles).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>For the CPU</source>
        <translation>Pour le processeur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Four square kilometres of an invented landscape at 2 m, its relevés, and a model trained from them. Nothing in it is real. It comes along with the plugin, so nothing is generated and nothing is fetched.</source>
        <extracomment>help of sample</extracomment>
        <translation>Quatre kilomètres carrés d'un paysage inventé à 2 m de résolution, ses relevés et un modèle entraîné avec eux. Rien n'y est réel. L'exemple est fourni avec l'extension : rien n'est généré ni téléchargé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>From image and relevés to maps of species, in four steps</source>
        <translation>De l'image et des relevés aux cartes d'espèces, en quatre étapes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>From the scores that train has written, without training again. Of the 84 elements of ODMAP what the software knows is filled in; the rest says that it is the author's to write.</source>
        <extracomment>help of report</extracomment>
        <translation>À partir des scores écrits par train, sans nouvel entraînement. Des 84 éléments d'ODMAP, ceux que le logiciel connaît sont remplis ; les autres sont signalés comme restant à rédiger par l'auteur.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Frozen encoder that turns the image into vectors; a+b joins the vectors of two. 'botaclip encoders list' shows them all.</source>
        <extracomment>help of --encoder</extracomment>
        <translation>Encodeur figé qui transforme l'image en vecteurs ; a+b accole les vecteurs de deux encodeurs. « botaclip encoders list » les énumère tous.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Further models, separated by ;, such as other seeds of the same training: the map holds the mean over all of them, and behind it, band by band, how far they are apart (standard deviation).</source>
        <extracomment>help of --ensemble</extracomment>
        <translation>Autres modèles, séparés par des points-virgules, par exemple d'autres graines du même entraînement : la carte contient la moyenne de tous et, à la suite, bande par bande, leur écart (écart-type).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Generate a synthetic landscape with relevés and known truth.</source>
        <extracomment>summary of demo-data</extracomment>
        <translation>Génère un paysage synthétique avec des relevés et une vérité connue.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoPackage or CSV to write.</source>
        <extracomment>help of --output</extracomment>
        <translation>GeoPackage ou CSV à écrire.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoTIFF to write.</source>
        <extracomment>help of --output</extracomment>
        <translation>GeoTIFF à écrire.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>GeoTIFF to write. Where the image lies in several CRSs or far apart, a folder of that name holds one raster per tile and one VRT per CRS.</source>
        <extracomment>help of --output</extracomment>
        <translation>GeoTIFF à écrire. Si l'image couvre plusieurs SCR ou des lieux éloignés, un dossier de ce nom contient un raster par dalle et un VRT par SCR.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Geometry-preserving term: sum (squared differences of cosines, off-diagonal sum divided by the batch size), mean (over all pairs) or neighbours (Kullback-Leibler divergence of softmax neighbourhoods).</source>
        <extracomment>help of --regulariser</extracomment>
        <translation>Terme de conservation de la géométrie : sum (carrés des différences de cosinus, somme hors diagonale divisée par la taille du lot), mean (moyenne de toutes les paires) ou neighbours (divergence de Kullback-Leibler entre voisinages softmax).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Give up place A</source>
        <translation>Abandonner le lieu A</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Groups</source>
        <extracomment>label of --groups</extracomment>
        <translation>Groupes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Habitat field</source>
        <extracomment>label of --habitat-field</extracomment>
        <translation>Champ de l'habitat</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Head</source>
        <extracomment>label of --head</extracomment>
        <translation>Tête d'espèces</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Held-out predictions: {species} (ringed: found)</source>
        <translation>Prédictions sur placettes mises de côté : {species} (cerclé : observée)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or both. auto takes what its makers do.</source>
        <extracomment>help of --pooling</extracomment>
        <translation>Façon dont l'imagette d'un transformeur devient un seul vecteur en mode exact : cls (son token de classe), mean (la moyenne de ses tokens d'imagette) ou cls-mean (les deux). auto suit le choix de ses auteurs.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. auto takes the encoder's own. A model is valid only in the mode it was trained in.</source>
        <extracomment>help of --mode</extracomment>
        <translation>Façon dont un encodeur à fenêtre (transformeur, réseau profond) regarde l'image : exact lui présente l'imagette elle-même en chaque lieu ; tokens reprend les tokens de fenêtres fixes, bien moins coûteux pour les cartes ; dense convient aux encodeurs convolutifs à petit champ. auto prend le mode propre à l'encodeur. Un modèle n'est valable que dans le mode où il a été entraîné.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How cover is written. auto deduces it from the codes and says what it took; the two braun-blanquet conventions differ at class 4 (Turboveg 68 %, class mid-point 62.5 %); -old has no 2m, 2a, 2b.</source>
        <extracomment>help of --cover-scale</extracomment>
        <translation>Notation du recouvrement. auto la déduit des codes et indique ce qui a été retenu ; les deux conventions braun-blanquet diffèrent à la classe 4 (Turboveg 68 %, milieu de classe 62,5 %) ; les variantes -old n'ont ni 2m, ni 2a, ni 2b.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>How it is trained</source>
        <translation>Réglages de l'entraînement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>How long will it take?</source>
        <translation>Quelle durée prévoir ?</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>How many of the model's species to expect</source>
        <translation>Nombre d'espèces attendues parmi celles du modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>How much is fetched, and where it goes</source>
        <translation>Volume du téléchargement et emplacement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How plots are held out: blocks (squares), hexagons, sites (whole sites), groups (--groups), loo (each plot by itself, without its neighbours within --buffer), stratified (random, keeping the share of presences; not spatial), random (not spatial). auto is groups where --groups is given, else blocks.</source>
        <extracomment>help of --splits</extracomment>
        <translation>Façon de mettre des placettes de côté : blocks (blocs carrés), hexagons (hexagones), sites (sites entiers), groups (--groups), loo (chaque placette à tour de rôle, sans ses voisines à moins de --buffer), stratified (au hasard en conservant la part des présences ; non spatial), random (au hasard ; non spatial). auto prend groups si --groups est donné, sinon blocks.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How several rows (layers) of one species in a plot are combined: independent, 1 - product(1 - cover), as layers that overlap at random; sum, capped at 100 %; or max.</source>
        <extracomment>help of --layers</extracomment>
        <translation>Façon de combiner plusieurs lignes (strates) d'une même espèce dans une placette : independent, 1 − produit(1 − recouvrement), comme des strates qui se superposent au hasard ; sum, somme plafonnée à 100 % ; ou max.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How the image vectors are adapted to the relevés: botaclip (contrastive + geometry regulariser), contrastive, supervised (species head), joint (contrastive + species head + regulariser), canonical (reduced-rank regression of floristic axes), whitened (principal components), none, or auto (picks among them by inner spatial validation and says what).</source>
        <extracomment>help of --alignment</extracomment>
        <translation>Façon d'adapter les vecteurs de l'image aux relevés : botaclip (contrastif + régularisation géométrique), contrastive, supervised (tête d'espèces), joint (contrastif + tête d'espèces + régularisation), canonical (régression à rang réduit des axes floristiques), whitened (composantes principales normées), none (aucune), ou auto (choisit parmi eux par validation spatiale interne et indique lequel).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>How well plots that were held out were told apart: 0.5 is chance, 1 is perfect</source>
        <translation>À quel point les placettes mises de côté ont été bien distinguées : 0.5 est le hasard, 1 la perfection</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>How window encoders look at the image; a model works only in the mode it was trained in, so anything but auto is a check.</source>
        <extracomment>help of --mode</extracomment>
        <translation>Façon dont les encodeurs à fenêtre regardent l'image ; un modèle ne fonctionne que dans le mode où il a été entraîné : toute valeur autre que auto n'est qu'une vérification.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Image</source>
        <translation>Image</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image adapter, started as the identity: linear; residual (linear with a small multilayer perceptron beside it); attention (among groups of dimensions).</source>
        <extracomment>help of --adapter</extracomment>
        <translation>Adaptateur des images, initialisé à l'identité : linear (linéaire) ; residual (linéaire, avec un petit perceptron multicouche en parallèle) ; attention (entre groupes de dimensions).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image date: 2018, 2018-07 or 2018-07-15</source>
        <extracomment>label of --image-date</extracomment>
        <translation>Date de l'image : 2018, 2018-07 ou 2018-07-15</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image of which a tile is looked at and a map estimated. Not given: a tile of noise.</source>
        <extracomment>help of --raster</extracomment>
        <translation>Image dont une dalle est examinée et une carte estimée. Si vide : une dalle de bruit.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image to look at: any raster that GDAL reads, or a folder of tiles; they may lie in several CRSs and far apart.</source>
        <extracomment>help of --raster</extracomment>
        <translation>Image à examiner : tout raster lisible par GDAL, ou un dossier de dalles ; celles-ci peuvent être dans plusieurs SCR et très éloignées.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Image vectors of plots, finished windows of interrupted maps, and exported graphs of encoders. Clearing loses time, never results.</source>
        <extracomment>help of cache</extracomment>
        <translation>Vecteurs d'image des placettes, fenêtres terminées des cartes interrompues et graphes exportés des encodeurs. Vider le cache coûte du temps, jamais des résultats.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>Image {code}</source>
        <translation>Image {code}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Index URL</source>
        <extracomment>label of --index-url</extracomment>
        <translation>URL de l'index</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Indicators</source>
        <extracomment>label of --indicators</extracomment>
        <translation>Espèces indicatrices</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Init: model to continue from</source>
        <extracomment>label of --init</extracomment>
        <translation>Départ : modèle à prolonger</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Input name (import of ONNX)</source>
        <extracomment>label of --input-name</extracomment>
        <translation>Nom de l'entrée (import ONNX)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Input size (import)</source>
        <extracomment>label of --input-size</extracomment>
        <translation>Taille de l'entrée (import)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Inside polygons</source>
        <translation>Dans des polygones</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Install from a &amp;folder of wheels</source>
        <translation>Installer depuis un &amp;dossier de paquets « wheel »</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>Its name and password are in QGIS's authentication store and are not handed on.</source>
        <translation>Son nom d'utilisateur et son mot de passe sont dans le gestionnaire d'authentification de QGIS et ne sont pas transmis.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>JSON</source>
        <extracomment>label of --json</extracomment>
        <translation>JSON</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Judge alignment as a reviewer would: every column beside the baselines.</source>
        <extracomment>summary of evaluate</extracomment>
        <translation>Juge l'alignement comme le ferait un relecteur : chaque colonne à côté des références.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Keep this place as A, and compare the next ones with it</source>
        <translation>Garder ce lieu comme A et y comparer les suivants</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <source>Keep this place to compare others with</source>
        <translation>Garder ce lieu pour lui en comparer d'autres</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Lambda</source>
        <extracomment>label of --lambda</extracomment>
        <translation>Lambda</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layer field</source>
        <extracomment>label of --layer-field</extracomment>
        <translation>Champ de la strate</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Layers that are no files (web maps, databases) are exported to a temporary GeoTIFF for the extent first.</source>
        <translation>Les couches qui ne sont pas des fichiers (flux web, bases de données) sont d'abord exportées, pour l'emprise voulue, dans un GeoTIFF temporaire.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layers: how a species in several is combined</source>
        <extracomment>label of --layers</extracomment>
        <translation>Strates : façon de combiner une espèce présente dans plusieurs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Layout: one row per plot and species, or a matrix</source>
        <extracomment>label of --layout</extracomment>
        <translation>Disposition : une ligne par placette et par espèce, ou une matrice</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learn from a raster and a table of relevés which species to expect where.</source>
        <extracomment>summary of train</extracomment>
        <translation>Apprend, d'un raster et d'une table de relevés, quelles espèces sont attendues et où.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learning rate</source>
        <extracomment>label of --learning-rate</extracomment>
        <translation>Taux d'apprentissage</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Learning rate over the steps: constant, or cosine after a warm-up of a tenth of the steps.</source>
        <extracomment>help of --schedule</extracomment>
        <translation>Taux d'apprentissage au fil des étapes : constant, ou cosine (décroissance en cosinus) après une montée d'un dixième des étapes.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Learnt from presences alone: its suitability is relative, no probability.</source>
        <translation>Appris de présences seules : son aptitude est relative et n'est pas une probabilité.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence</source>
        <extracomment>label of --licence</extracomment>
        <translation>Licence</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence (import under a new name)</source>
        <extracomment>label of --licence</extracomment>
        <translation>Licence (import sous un nouveau nom)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence file (import): text to keep beside the weights</source>
        <extracomment>label of --licence-file</extracomment>
        <translation>Fichier de licence (import) : texte à conserver avec les poids</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Licence of the model, to be kept in it. Not given: as its author decides.</source>
        <extracomment>help of --licence</extracomment>
        <translation>Licence du modèle, à conserver dans le fichier. Si vide : à la décision de son auteur.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>Licence: {licence}</source>
        <translation>Licence : {licence}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Like a training p&amp;lot</source>
        <translation>Comme une &amp;placette d'entraînement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Like the selected &amp;species</source>
        <translation>Comme les &amp;espèces sélectionnées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Like the selected &amp;species (select some in the list)</source>
        <translation>Comme les &amp;espèces sélectionnées (à choisir dans la liste)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Like the selected &amp;species: {names}</source>
        <translation>Comme les &amp;espèces sélectionnées : {names}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Like this &amp;place</source>
        <translation>Comme ce &amp;lieu</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List the devices that can compute, each tried, timed and compared with the CPU.</source>
        <extracomment>summary of devices</extracomment>
        <translation>Énumère les périphériques capables de calculer, chacun essayé, chronométré et comparé au processeur.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List the species to expect in each polygon, from a suitability map.</source>
        <extracomment>summary of lists</extracomment>
        <translation>Énumère les espèces attendues dans chaque polygone, à partir d'une carte d'aptitude.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>List, fetch, import, export, check and remove encoders.</source>
        <extracomment>summary of encoders</extracomment>
        <translation>Énumère, télécharge, importe, exporte, vérifie et supprime les encodeurs.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Load the sample project</source>
        <translation>Charger le projet d'exemple</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Log of the set-up</source>
        <translation>Journal de l'installation</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Look at the data</source>
        <extracomment>title of preview</extracomment>
        <translation>Examiner les données</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Looking at the patch around this place…</source>
        <translation>Examen de l'imagette autour de ce lieu…</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Looking at the plots</source>
        <translation>Examen des placettes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Looking at the plots and training need more packages: set them up first.</source>
        <translation>L'examen des placettes et l'entraînement demandent d'autres paquets : installez-les d'abord.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Loss</source>
        <extracomment>label of --loss</extracomment>
        <translation>Fonction de perte</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Make the maps</source>
        <translation>Produire les cartes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Make, check or remove the Python environment that the worker runs in.</source>
        <extracomment>summary of setup</extracomment>
        <translation>Crée, vérifie ou supprime l'environnement Python dans lequel s'exécutent les calculs.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Makes one block on each device and multiplies</source>
        <translation>Produit un bloc sur chaque périphérique et extrapole</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map classes of places that look alike to a model, with their indicator species.</source>
        <extracomment>summary of clusters</extracomment>
        <translation>Cartographie les classes de lieux qui se ressemblent aux yeux d'un modèle, avec leurs espèces indicatrices.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map how like every place is to a list of species, a training plot or a place.</source>
        <extracomment>summary of similarity</extracomment>
        <translation>Cartographie la ressemblance de chaque lieu avec une liste d'espèces, une placette d'entraînement ou un lieu.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map how many of a model's species to expect, with an interval, and their diversity.</source>
        <extracomment>summary of richness</extracomment>
        <translation>Cartographie le nombre d'espèces attendues parmi celles d'un modèle, avec un intervalle, et leur diversité.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map of the area of applicability that aoa has made, to be shown in the report.</source>
        <extracomment>help of --aoa</extracomment>
        <translation>Carte du domaine d'applicabilité produite par aoa, à montrer dans le rapport.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_like.py"/>
        <source>Map places like this one, like a training plot, or like the selected species</source>
        <translation>Cartographier les lieux semblables à celui-ci, à une placette d'entraînement ou aux espèces sélectionnées</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map the adapted image vectors of a model over a raster.</source>
        <extracomment>summary of embed</extracomment>
        <translation>Cartographie sur un raster les vecteurs d'image adaptés d'un modèle.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map the suitability of species over a raster with a model.</source>
        <extracomment>summary of suitability</extracomment>
        <translation>Cartographie sur un raster, avec un modèle, l'aptitude du milieu pour chaque espèce.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map what has changed between two dates of imagery, beyond what light and season explain.</source>
        <extracomment>summary of change</extracomment>
        <translation>Cartographie ce qui a changé entre deux dates d'imagerie, au-delà de ce qu'expliquent la lumière et la saison.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Map where a model may be believed: how far places are from its training plots.</source>
        <extracomment>summary of aoa</extracomment>
        <translation>Cartographie où l'on peut se fier à un modèle : à quel point les lieux s'écartent de ses placettes d'entraînement.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Maps</source>
        <extracomment>group of aoa, group of change, group of clusters, group of embed, group of lists, group of predict, group of richness, group of similarity, group of suitability, group of threshold</extracomment>
        <translation>Cartes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Maps and map clicks with ready models</source>
        <translation>Cartes et clics sur la carte avec des modèles prêts à l'emploi</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Maps made here; they lie in the group BotaCLIP results.</source>
        <translation>Cartes produites ici ; elles se trouvent dans le groupe Résultats BotaCLIP.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Maps that were made</source>
        <translation>Cartes produites</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Maps to make</source>
        <translation>Cartes à produire</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mask: polygons; outside is nodata</source>
        <extracomment>label of --mask</extracomment>
        <translation>Masque : polygones ; l'extérieur est sans donnée</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mean (import): one number a band</source>
        <extracomment>label of --mean</extracomment>
        <translation>Moyenne (import) : un nombre par bande</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Metrics</source>
        <extracomment>label of --metrics</extracomment>
        <translation>Scores</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Min presences</source>
        <extracomment>label of --min-presences</extracomment>
        <translation>Présences minimales</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mirror (download): address that holds the encoders' files</source>
        <extracomment>label of --mirror</extracomment>
        <translation>Miroir (download) : adresse qui héberge les fichiers des encodeurs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mode</source>
        <extracomment>label of --mode</extracomment>
        <translation>Mode</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Mode (export)</source>
        <extracomment>label of --mode</extracomment>
        <translation>Mode (export)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model</source>
        <extracomment>group of ablate, group of evaluate, group of info, group of report, group of train, group of verify, label of --model, label of MODEL</extracomment>
        <translation>Modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_card.py"/>
        <source>Model card</source>
        <translation>Fiche du modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model card: a text file to keep in the model, what it is good for and where it must not be trusted.</source>
        <extracomment>help of --card</extracomment>
        <translation>Fiche du modèle : un fichier texte à conserver dans le modèle, qui dit à quoi il sert et où il ne faut pas s'y fier.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <source>Model card: what it is good for, and where it must not be trusted</source>
        <translation>Fiche du modèle : à quoi il sert, et où il ne faut pas s'y fier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_card.py"/>
        <source>Model card: {name}</source>
        <translation>Fiche du modèle : {name}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Model card…</source>
        <translation>Fiche du modèle…</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Model file</source>
        <translation>Fichier de modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model file to write (*.botaclip).</source>
        <extracomment>help of --output</extracomment>
        <translation>Fichier de modèle à écrire (*.botaclip).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Model to continue from</source>
        <translation>Modèle à prolonger</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model to continue from: its adapter is where the new one starts. Plots that it has seen are not scored.</source>
        <extracomment>help of --init</extracomment>
        <translation>Modèle à prolonger : le nouveau part de son adaptateur. Les placettes qu'il a vues ne sont pas évaluées.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Model whose encoder is tried, one *.botaclip file. Not given: the one that comes along.</source>
        <extracomment>help of --model</extracomment>
        <translation>Modèle dont l'encodeur est essayé, un fichier *.botaclip. Si vide : celui qui est fourni.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Models on the vectors: forest (the paper's), linear (ridge or logistic), boosting.</source>
        <extracomment>help of --downstream</extracomment>
        <translation>Modèles appliqués aux vecteurs : forest (forêt aléatoire, celle de l'article), linear (ridge ou logistique), boosting.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>Modes: {modes}</source>
        <translation>Modes : {modes}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Most passes over the plots while adapting. Not given: as many as inner validation finds useful.</source>
        <extracomment>help of --epochs</extracomment>
        <translation>Nombre maximal de passages sur les placettes pendant l'adaptation. Si vide : autant que la validation interne le juge utile.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Name of the encoder; for import, also a new name of your own.</source>
        <extracomment>help of ENCODER</extracomment>
        <translation>Nom de l'encodeur ; pour import, aussi un nouveau nom de votre choix.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Names: of species</source>
        <extracomment>label of --names</extracomment>
        <translation>Noms : ceux des espèces</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Needs also the rasters {names}.</source>
        <translation>Nécessite aussi les rasters {names}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Needs the bands {bands}.</source>
        <translation>Nécessite les bandes {bands}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>New here? A small invented landscape with relevés and a trained model, ready to try.</source>
        <translation>Vous découvrez BotaCLIP ? Un petit paysage inventé, avec des relevés et un modèle entraîné, prêt à l'essai.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>No column's name says that it holds {what}: choose it.</source>
        <translation>Aucune colonne n'indique par son nom qu'elle contient {what} : choisissez-la.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>No map yet: step 3 makes them.</source>
        <translation>Pas encore de carte : l'étape 3 les produit.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>No training plot lies within {far} of the place.</source>
        <translation>Aucune placette d'entraînement à moins de {far} du lieu.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>None</source>
        <translation>Aucune</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Nothing says which band is which colour: choose their roles.</source>
        <translation>Rien n'indique quelle bande est de quelle couleur : choisissez leurs rôles.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of classes.</source>
        <extracomment>help of --clusters</extracomment>
        <translation>Nombre de classes.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of plant species.</source>
        <extracomment>help of --species</extracomment>
        <translation>Nombre d'espèces végétales.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of principal components to keep, or all for the full unit vectors.</source>
        <extracomment>help of --dimensions</extracomment>
        <translation>Nombre de composantes principales à garder, ou all pour les vecteurs unitaires complets.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of relevés.</source>
        <extracomment>help of --plots</extracomment>
        <translation>Nombre de relevés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of spatial folds.</source>
        <extracomment>help of --folds</extracomment>
        <translation>Nombre de plis spatiaux.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Number of views of each patch with --augmentation.</source>
        <extracomment>help of --views</extracomment>
        <translation>Nombre de vues de chaque imagette avec --augmentation.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, calibrated on tiles.</source>
        <extracomment>help of --precision</extracomment>
        <translation>Nombres du graphe de l'encodeur : fp32 ; fp16, fichier deux fois plus petit, pas plus rapide sur un processeur ; int8, fichier quatre fois plus petit et jusqu'à trois fois plus rapide sur un processeur, moins exact. En int8, les encodeurs convolutifs doivent d'abord être exportés et calibrés sur des dalles.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>ODMAP protocol to write (CSV).</source>
        <extracomment>help of --odmap</extracomment>
        <translation>Protocole ODMAP à écrire (CSV).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Odmap</source>
        <extracomment>label of --odmap</extracomment>
        <translation>Protocole ODMAP</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Of matrices; biases, norms, t and b are never decayed.</source>
        <extracomment>help of --weight-decay</extracomment>
        <translation>Appliquée aux matrices ; biais, normes, t et b ne sont jamais pénalisés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Of the image adapter. Not given: what trials found for each alignment.</source>
        <extracomment>help of --learning-rate</extracomment>
        <translation>Celui de l'adaptateur des images. Si vide : la valeur trouvée par essais pour chaque alignement.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>One band per species, 0 to 1, NaN where the patch is not seen. A value refers to a plot of the training relevés' area centred in the cell.</source>
        <extracomment>help of suitability</extracomment>
        <translation>Une bande par espèce, de 0 à 1, NaN là où l'imagette n'est pas vue. Une valeur se rapporte à une placette de la surface des relevés d'entraînement, centrée dans la cellule.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>One model looks at both dates on one lattice. For the vectors (cosine distance) and for each species (difference of suitability, later less earlier) two bands: how far the dates differ, and -1, 0 or 1 where that is beyond noise. The noise is measured on places taken to be stable: polygons that you name, or the middle half of all.</source>
        <extracomment>help of change</extracomment>
        <translation>Un même modèle regarde les deux dates sur un même maillage. Pour les vecteurs (distance cosinus) et pour chaque espèce (différence d'aptitude, récente moins ancienne), deux bandes : l'écart entre les dates, et -1, 0 ou 1 là où il dépasse le bruit. Le bruit est mesuré sur des lieux tenus pour stables : les polygones que vous désignez, ou la moitié centrale de l'ensemble.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only say what is there and whether it is whole.</source>
        <extracomment>help of --check</extracomment>
        <translation>Indiquer seulement ce qui est présent et si c'est complet.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only so many species of highest suitability: bands with their numbers (the tags name them), then their suitabilities. For floras of thousands of species.</source>
        <extracomment>help of --top</extracomment>
        <translation>Seulement ce nombre d'espèces, celles de plus forte aptitude : des bandes avec leurs numéros (nommés dans les métadonnées), puis leurs aptitudes. Pour des flores de plusieurs milliers d'espèces.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Only unseen</source>
        <extracomment>label of --only-unseen</extracomment>
        <translation>Placettes jamais vues seulement</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Only where the relevés themselves have no coordinates.</source>
        <translation>Seulement si les relevés eux-mêmes n'ont pas de coordonnées.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Only without internet</source>
        <translation>Seulement sans internet</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>Open the panel with QGIS</source>
        <translation>Ouvrir le panneau avec QGIS</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Open the report</source>
        <translation>Ouvrir le rapport</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Or a place on the raster: x,y, with [EPSG:code] behind it when not in its CRS.</source>
        <extracomment>help of --place</extracomment>
        <translation>Ou un lieu du raster : x,y, suivi de [EPSG:code] s'il n'est pas dans le SCR du raster.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Or the name of a training plot of the model.</source>
        <extracomment>help of --plot</extracomment>
        <translation>Ou le nom d'une placette d'entraînement du modèle.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output</source>
        <extracomment>label of --output</extracomment>
        <translation>Sortie</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output (export): ONNX file</source>
        <extracomment>label of --output</extracomment>
        <translation>Sortie (export) : fichier ONNX</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Output name (import of ONNX)</source>
        <extracomment>label of --output-name</extracomment>
        <translation>Nom de la sortie (import ONNX)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Outside the area of applicability: no training plot looks like this place ({times} times the limit). What was measured of the model says nothing about it.</source>
        <translation>Hors du domaine d'applicabilité : aucune placette d'entraînement ne ressemble à ce lieu ({times} fois la limite). Ce qui a été mesuré du modèle n'en dit rien.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Overwrite</source>
        <extracomment>label of --overwrite</extracomment>
        <translation>Écraser</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>P&amp;lots</source>
        <translation>P&amp;lacettes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Package &amp;index</source>
        <translation>&amp;Index de paquets</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Package index instead of PyPI</source>
        <translation>Index de paquets à la place de PyPI</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Package index instead of PyPI.</source>
        <extracomment>help of --index-url</extracomment>
        <translation>Index de paquets à la place de PyPI.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Packages</source>
        <extracomment>label of --packages</extracomment>
        <translation>Paquets</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pairs every relevé with the image patch around it, aligns both with BotaCLIP's adapters where that helps, fits species heads, judges everything by spatial block cross-validation beside the baselines that could explain it away, and writes one model file.</source>
        <extracomment>help of train</extracomment>
        <translation>Associe à chaque relevé l'imagette qui l'entoure, aligne les deux par les adaptateurs de BotaCLIP là où cela aide, ajuste les têtes d'espèces, juge le tout par validation croisée spatiale par blocs à côté des références qui suffiraient à l'expliquer, et écrit un seul fichier de modèle.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pairs of plots nearer than this, not each other's own, are not asked about.</source>
        <extracomment>help of --unknown-ring</extracomment>
        <translation>Les paires de placettes plus proches que cette distance, sans être la paire propre l'une de l'autre, ne sont pas soumises à la perte.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Part</source>
        <extracomment>label of --part</extracomment>
        <translation>Partie</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Part of the raster to work on: xmin,xmax,ymin,ymax, with [EPSG:code] behind it when not in the raster's CRS.</source>
        <extracomment>help of --extent</extracomment>
        <translation>Partie du raster à traiter : xmin,xmax,ymin,ymax, suivi de [EPSG:code] si elle n'est pas dans le SCR du raster.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Patch size: side of the square around a plot [m]</source>
        <extracomment>label of --patch-size</extracomment>
        <translation>Taille de l'imagette : côté du carré autour d'une placette [m]</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_picture.py"/>
        <source>Picture of the patch that the model looked at</source>
        <translation>Image de l'imagette que le modèle a examinée</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pixel size (import): finest,coarsest, in metres</source>
        <extracomment>label of --gsd</extracomment>
        <translation>Taille de pixel (import) : la plus fine,la plus grossière, en mètres</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pixel size of the result; rounded to a whole number of cells of the model's lattice. Not given: the number of cells nearest to a tenth of the patch.</source>
        <extracomment>help of --stride</extracomment>
        <translation>Taille de pixel du résultat ; arrondie à un nombre entier de cellules du maillage du modèle. Si vide : le nombre de cellules le plus proche d'un dixième de l'imagette.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Pixel size, device, files</source>
        <translation>Taille de pixel, périphérique, fichiers</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_about.py"/>
        <source>Place, model and what a value means</source>
        <translation>Lieu, modèle et signification des valeurs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Place: or like a place: x,y [EPSG:code]</source>
        <extracomment>label of --place</extracomment>
        <translation>Lieu : ou comme un lieu : x,y [EPSG:code]</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <location filename="../core/commands.py"/>
        <source>Places like this</source>
        <extracomment>title of similarity</extracomment>
        <translation>Lieux semblables</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>Places like this are being mapped: see the task manager below the map.</source>
        <translation>Les lieux semblables sont en cours de cartographie : voir le gestionnaire de tâches sous la carte.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>Places like this are on the map: bright is most alike.</source>
        <translation>Les lieux semblables sont sur la carte : les plus clairs sont les plus ressemblants.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>Places like this were not mapped: the log messages panel, tab BotaCLIP, says why.</source>
        <translation>Les lieux semblables n'ont pas été cartographiés : l'onglet BotaCLIP du journal des messages en donne la raison.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot field</source>
        <extracomment>label of --plot-field</extracomment>
        <translation>Champ de la placette</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot locations</source>
        <extracomment>label of --plot-locations</extracomment>
        <translation>Positions des placettes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plot: or like a training plot, by its name</source>
        <extracomment>label of --plot</extracomment>
        <translation>Placette : ou comme une placette d'entraînement, par son nom</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <location filename="../core/commands.py"/>
        <source>Plots</source>
        <extracomment>label of --plots</extracomment>
        <translation>Placettes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots in a batch.</source>
        <extracomment>help of --batch</extracomment>
        <translation>Nombre de placettes dans un lot.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots to write (GeoPackage or CSV), each with what the models that never saw it predict.</source>
        <extracomment>help of --predictions</extracomment>
        <translation>Placettes à écrire (GeoPackage ou CSV), chacune avec ce que prédisent les modèles qui ne l'ont jamais vue.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots to write (GeoPackage or CSV): usable or not and why, their fold, their number of species.</source>
        <extracomment>help of --output</extracomment>
        <translation>Placettes à écrire (GeoPackage ou CSV) : utilisables ou non et pourquoi, leur pli, leur nombre d'espèces.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Plots: layer or table with their places</source>
        <translation>Placettes : couche ou table avec leurs positions</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/preview_layers.py"/>
        <source>Plots: usable or not, and their fold</source>
        <translation>Placettes : utilisables ou non, et leur pli</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Plots: where the relevés have no coordinates</source>
        <extracomment>label of --plots</extracomment>
        <translation>Placettes : si les relevés n'ont pas de coordonnées</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Point layer, or a table with columns x and y.</source>
        <extracomment>help of --points</extracomment>
        <translation>Couche de points, ou table avec des colonnes x et y.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Points</source>
        <extracomment>label of --points</extracomment>
        <translation>Points</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Polygon layer</source>
        <translation>Couche de polygones</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygon layer, in any CRS.</source>
        <extracomment>help of --areas</extracomment>
        <translation>Couche de polygones, dans n'importe quel SCR.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygon layer; what lies outside it is nodata.</source>
        <extracomment>help of --mask</extracomment>
        <translation>Couche de polygones ; ce qui est en dehors est sans donnée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Polygons where nothing has changed. Not given: at least half of the land is taken to be stable.</source>
        <extracomment>help of --stable</extracomment>
        <translation>Polygones où rien n'a changé. Si vide : au moins la moitié du territoire est tenue pour stable.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pooling</source>
        <extracomment>label of --pooling</extracomment>
        <translation>Agrégation (« pooling »)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pooling (export)</source>
        <extracomment>label of --pooling</extracomment>
        <translation>Agrégation (« pooling », export)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positive distance [m]</source>
        <extracomment>label of --positive-distance</extracomment>
        <translation>Distance des positifs [m]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positive similarity</source>
        <extracomment>label of --positive-similarity</extracomment>
        <translation>Similarité des positifs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Positives</source>
        <extracomment>label of --positives</extracomment>
        <translation>Positifs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Precision</source>
        <extracomment>label of --precision</extracomment>
        <translation>Précision numérique</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Precision (export)</source>
        <extracomment>label of --precision</extracomment>
        <translation>Précision numérique (export)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Predict the species to expect at points.</source>
        <extracomment>summary of predict</extracomment>
        <translation>Prédit les espèces attendues en des points.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Predictions: plots with what unseen models say</source>
        <extracomment>label of --predictions</extracomment>
        <translation>Prédictions : placettes avec ce qu'en disent des modèles qui ne les ont pas vues</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <location filename="../botaclip_qgis/results_page.py"/>
        <location filename="../botaclip_qgis/run_page.py"/>
        <location filename="../core/commands.py"/>
        <source>Presence by threshold</source>
        <extracomment>title of threshold</extracomment>
        <translation>Présence par seuillage</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Preview folds and cost</source>
        <translation>Aperçu des plis et du coût</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Print as JSON.</source>
        <extracomment>help of --json</extracomment>
        <translation>Afficher au format JSON.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Probability</source>
        <translation>Probabilité</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Probability of the species occurring here, as far as the image tells.</source>
        <translation>Probabilité de présence de l'espèce ici, d'après ce que montre l'image.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Probability of the species occurring on a plot of {area} here, as far as the image tells.</source>
        <translation>Probabilité de présence de l'espèce ici, sur une placette de {area}, d'après ce que montre l'image.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Protocol: strict or paper; not with a model</source>
        <extracomment>label of --protocol</extracomment>
        <translation>Protocole : strict ou paper ; pas avec un modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy</source>
        <extracomment>label of --proxy</extracomment>
        <translation>Proxy</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy (download)</source>
        <extracomment>label of --proxy</extracomment>
        <translation>Proxy (download)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Proxy, for example http://proxy.example.org:8080. QGIS gives its own.</source>
        <extracomment>help of --proxy</extracomment>
        <translation>Proxy, par exemple http://proxy.example.org:8080. QGIS fournit le sien.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo absences</source>
        <extracomment>label of --pseudo-absences</extracomment>
        <translation>Pseudo-absences</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo distance max [m]</source>
        <extracomment>label of --pseudo-distance-max</extracomment>
        <translation>Distance maximale des pseudo-absences [m]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo distance min [m]</source>
        <extracomment>label of --pseudo-distance-min</extracomment>
        <translation>Distance minimale des pseudo-absences [m]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo ratio</source>
        <extracomment>label of --pseudo-ratio</extracomment>
        <translation>Rapport de pseudo-absences</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Pseudo-absences per presence; never fewer than 30, where there are as many plots to draw from.</source>
        <extracomment>help of --pseudo-ratio</extracomment>
        <translation>Pseudo-absences par présence ; jamais moins de 30, si autant de placettes peuvent être tirées.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Python</source>
        <extracomment>label of --python</extracomment>
        <translation>Python</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>Python that computes</source>
        <translation>Python qui calcule</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Python that the environment is made from. Not given: a suitable one is looked for.</source>
        <extracomment>help of --python</extracomment>
        <translation>Python à partir duquel l'environnement est créé. Si vide : un Python convenable est recherché.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>QGIS cannot open it</source>
        <translation>QGIS ne peut pas l'ouvrir</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm_task.py"/>
        <source>QGIS cannot open the result {path}.</source>
        <translation>QGIS ne peut pas ouvrir le résultat {path}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>QGIS cannot read the plots from it</source>
        <translation>QGIS ne peut pas y lire les placettes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>QGIS gives no reason</source>
        <translation>QGIS ne donne aucune raison</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>QGIS's own Python is never touched: packages go into a private environment in the local application-data folder, from locked versions with checksums.</source>
        <extracomment>help of setup</extracomment>
        <translation>Le Python de QGIS n'est jamais modifié : les paquets vont dans un environnement privé du dossier local de données d'applications, en versions verrouillées avec sommes de contrôle.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/setup_algorithm.py"/>
        <source>QGIS's proxy is a {kind}, which cannot be used here; give another one, or fetch by hand.</source>
        <translation>Le proxy de QGIS est de type {kind}, inutilisable ici ; indiquez-en un autre, ou téléchargez à la main.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Quantise</source>
        <extracomment>label of --quantise</extracomment>
        <translation>Quantification</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Random state</source>
        <extracomment>label of --random-state</extracomment>
        <translation>Graine aléatoire</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Rank</source>
        <translation>Rang</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <location filename="../core/commands.py"/>
        <source>Raster</source>
        <extracomment>label of --raster</extracomment>
        <translation>Raster</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Raster file…</source>
        <translation>Fichier raster…</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Raster layer, file or folder of tiles</source>
        <translation>Couche raster, fichier ou dossier de dalles</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_choice.py"/>
        <source>Rasters (*.tif *.tiff *.vrt *.jp2);;All files (*)</source>
        <translation>Rasters (*.tif *.tiff *.vrt *.jp2);;Tous les fichiers (*)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rasters that join the image as predictors (elevation, climate, soil), separated by ;.</source>
        <extracomment>help of --environment</extracomment>
        <translation>Rasters ajoutés à l'image comme prédicteurs (altitude, climat, sol), séparés par des points-virgules.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rasters that join the image as predictors (elevation, climate, soil), separated by ;. A model trained with them needs them again, under the same file names or as name=path; not given: the files it was trained with, where they are still there.</source>
        <extracomment>help of --environment</extracomment>
        <translation>Rasters ajoutés à l'image comme prédicteurs (altitude, climat, sol), séparés par des points-virgules. Un modèle entraîné avec eux en a de nouveau besoin, sous les mêmes noms de fichier ou sous la forme nom=chemin ; si vide : les fichiers de l'entraînement, s'ils existent toujours.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>Rasters, one for each CRS of the imagery; with EACH, one for each raster</source>
        <translation>Rasters, un par SCR de l'imagerie ; avec EACH, un par raster</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Read from the map {map}: pixel of {size} m centred at {place}, {offset} m from the click.</source>
        <translation>Lu sur la carte {map} : pixel de {size} m centré en {place}, à {offset} m du clic.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Reads raster and relevés as training does, pairs every plot with its patch, makes the folds and times a few steps; nothing is trained. The patches' vectors are kept, so that training need not look at them again.</source>
        <extracomment>help of preview</extracomment>
        <translation>Lit le raster et les relevés comme le fait l'entraînement, associe à chaque placette son imagette, forme les plis et chronomètre quelques étapes ; rien n'est entraîné. Les vecteurs des imagettes sont conservés : l'entraînement n'aura pas à les recalculer.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Recomputes every checksum and looks for anything that a model file must not hold.</source>
        <extracomment>help of verify</extracomment>
        <translation>Recalcule toutes les sommes de contrôle et cherche tout ce qu'un fichier de modèle ne doit pas contenir.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Record (import or download under a new name): JSON file that describes the encoder</source>
        <extracomment>label of --record</extracomment>
        <translation>Fiche (import ou download sous un nouveau nom) : fichier JSON qui décrit l'encodeur</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Regulariser</source>
        <extracomment>label of --regulariser</extracomment>
        <translation>Régularisation</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Relative suitability</source>
        <translation>Aptitude relative</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Relative suitability, no probability: the relevés say nothing about absences. It compares places for one species, not one species with another.</source>
        <translation>Aptitude relative, et non probabilité : les relevés ne disent rien des absences. Elle compare des lieux pour une même espèce, et non les espèces entre elles.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Releve adapter</source>
        <extracomment>label of --releve-adapter</extracomment>
        <translation>Adaptateur des relevés</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/sample_project.py"/>
        <source>Relevé plots (invented)</source>
        <translation>Placettes de relevés (inventées)</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Relevés</source>
        <translation>Relevés</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés more years than this from the image's date are left out. Not given: those beyond 5 years are only counted.</source>
        <extracomment>help of --date-tolerance</extracomment>
        <translation>Les relevés dont la date s'écarte de celle de l'image de plus de ce nombre d'années sont écartés. Si vide : ceux au-delà de 5 ans sont seulement comptés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés without imagery, read like --releves, from which the encoder of species lists may learn too. Those that are, or lie near, a plot with imagery are left out.</source>
        <extracomment>help of --extra-releves</extracomment>
        <translation>Relevés sans imagerie, lus comme --releves, dont l'encodeur des listes d'espèces peut aussi apprendre. Ceux qui sont une placette avec imagerie, ou en sont proches, sont écartés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés: a long table (one row per plot and species) or a matrix of plots and species; CSV, TSV, a spreadsheet, GeoPackage, Shapefile or anything OGR reads.</source>
        <extracomment>help of --releves</extracomment>
        <translation>Relevés : table longue (une ligne par placette et par espèce) ou matrice des placettes et des espèces ; CSV, TSV, tableur, GeoPackage, Shapefile ou tout format lisible par OGR.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Relevés: table of plots and species</source>
        <translation>Relevés : table des placettes et des espèces</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Relevés: the table of plots and species</source>
        <extracomment>label of --releves</extracomment>
        <translation>Relevés : la table des placettes et des espèces</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <location filename="../core/commands.py"/>
        <source>Remove</source>
        <extracomment>label of --remove</extracomment>
        <translation>Supprimer</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Remove BotaCLIP's environment</source>
        <translation>Supprimer l'environnement de BotaCLIP</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Remove the environment and all that came with it.</source>
        <extracomment>help of --remove</extracomment>
        <translation>Supprimer l'environnement et tout ce qui l'accompagne.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Remove the environment and all that was fetched for it? Set up makes it again.</source>
        <translation>Supprimer l'environnement et tout ce qui a été téléchargé pour lui ? « Installer » le recrée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats</source>
        <extracomment>label of --repeats</extracomment>
        <translation>Répétitions</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats of the cross-validation, each with other folds.</source>
        <extracomment>help of --repeats</extracomment>
        <translation>Répétitions de la validation croisée, chacune avec d'autres plis.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats the strict evaluation of one alignment with one choice changed at a time, on the same folds, and gives the paired difference to the unchanged one. With --alignment auto that is botaclip.</source>
        <extracomment>help of ablate</extracomment>
        <translation>Répète l'évaluation stricte d'un alignement en changeant un choix à la fois, sur les mêmes plis, et donne la différence appariée avec l'alignement inchangé. Avec --alignment auto, il s'agit de botaclip.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Repeats, each with other folds.</source>
        <extracomment>help of --repeats</extracomment>
        <translation>Répétitions, chacune avec d'autres plis.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Replace outputs that exist.</source>
        <extracomment>help of --overwrite</extracomment>
        <translation>Remplacer les sorties qui existent.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Report</source>
        <extracomment>label of --report, title of report</extracomment>
        <translation>Rapport</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Report to write (HTML, one file).</source>
        <extracomment>help of --output, help of --report</extracomment>
        <translation>Rapport à écrire (HTML, un seul fichier).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <location filename="../core/commands.py"/>
        <source>Richness</source>
        <extracomment>title of richness</extracomment>
        <translation>Richesse spécifique</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/band_table.py"/>
        <source>Role</source>
        <translation>Rôle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/band_table.py"/>
        <source>Role of band {number}</source>
        <translation>Rôle de la bande {number}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Rule</source>
        <extracomment>label of --rule</extracomment>
        <translation>Règle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Runs a real tile on every device, compares it with the CPU, and says how long a map would take.</source>
        <translation>Calcule une vraie dalle sur chaque périphérique, la compare au processeur et indique la durée d'une carte.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>SHA-256 (download, import): that the file must have</source>
        <extracomment>label of --sha256</extracomment>
        <translation>SHA-256 (download, import) : celle que le fichier doit avoir</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Sample project</source>
        <extracomment>title of sample</extracomment>
        <translation>Projet d'exemple</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_actions.py"/>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Save the list as CSV</source>
        <translation>Enregistrer la liste en CSV</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Say where the model is to be written.</source>
        <translation>Indiquez où le modèle doit être écrit.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Schedule</source>
        <extracomment>label of --schedule</extracomment>
        <translation>Programme du taux d'apprentissage</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Scores of each species</source>
        <translation>Scores de chaque espèce</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores of every target, column and task to write (CSV).</source>
        <extracomment>help of --table</extracomment>
        <translation>Scores de chaque cible, colonne et tâche à écrire (CSV).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores that train has written (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation>Scores écrits par train (JSON).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Scores to write (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation>Scores à écrire (JSON).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Search</source>
        <extracomment>label of --search</extracomment>
        <translation>Recherche d'hyperparamètres</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>See which plots can be used, how they are held out, and what training will cost.</source>
        <extracomment>summary of preview</extracomment>
        <translation>Montre quelles placettes sont utilisables, comment elles sont mises de côté et ce que coûtera l'entraînement.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Seed</source>
        <extracomment>label of --seed</extracomment>
        <translation>Graine</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Seed of everything random; the same seed gives the same result.</source>
        <extracomment>help of --random-state</extracomment>
        <translation>Graine de tout ce qui est aléatoire ; la même graine donne le même résultat.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Set up</source>
        <translation>Installer</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Set up BotaCLIP</source>
        <translation>Installer BotaCLIP</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Set up the environment</source>
        <extracomment>title of setup</extracomment>
        <translation>Installer l'environnement</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Set-up</source>
        <extracomment>group of cache, group of devices, group of diagnostics, group of encoders, group of setup</extracomment>
        <translation>Installation</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Set-up, diagnostics, removal</source>
        <translation>Installation, diagnostic, suppression</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Share</source>
        <extracomment>label of --share</extracomment>
        <translation>Part</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Show or clear what is kept so that work is not done twice.</source>
        <extracomment>summary of cache</extracomment>
        <translation>Montre ou vide ce qui est conservé pour ne pas refaire le travail.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_sources.py"/>
        <source>Show the model card</source>
        <translation>Afficher la fiche du modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Show what a model file holds and what it is good for.</source>
        <extracomment>summary of info</extracomment>
        <translation>Montre ce que contient un fichier de modèle et à quoi il peut servir.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Shows on the map what is held out together, and says how long it will take; nothing is trained.</source>
        <translation>Montre sur la carte ce qui est mis de côté ensemble, et indique la durée prévue ; rien n'est entraîné.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Shows on the map which plots can be used, why others cannot, and how they are held out.</source>
        <translation>Montre sur la carte quelles placettes sont utilisables, pourquoi d'autres ne le sont pas, et comment elles sont mises de côté.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Side of the spatial blocks. Not given, or 0: chosen from the extent so that each fold holds several blocks.</source>
        <extracomment>help of --block-size</extracomment>
        <translation>Côté des blocs spatiaux. Si vide, ou 0 : choisi d'après l'emprise pour que chaque pli contienne plusieurs blocs.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Side of the square around a plot that the encoder sees.</source>
        <extracomment>help of --patch-size</extracomment>
        <translation>Côté du carré que l'encodeur voit autour d'une placette.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Site field</source>
        <extracomment>label of --site-field</extracomment>
        <translation>Champ du site</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Something is running already; it can be cancelled.</source>
        <translation>Un traitement est déjà en cours ; il peut être annulé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Something is running: let it end, or cancel it, before its packages are removed.</source>
        <translation>Un calcul est en cours : laissez-le finir, ou annulez-le, avant de supprimer ses paquets.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_service.py"/>
        <source>Something unforeseen went wrong, {kind}: {error}.</source>
        <translation>Un problème imprévu est survenu, {kind} : {error}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <location filename="../core/commands.py"/>
        <source>Species</source>
        <extracomment>label of --species</extracomment>
        <translation>Espèces</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species at points</source>
        <extracomment>title of predict</extracomment>
        <translation>Espèces en des points</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species field</source>
        <extracomment>label of --species-field</extracomment>
        <translation>Champ de l'espèce</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species list: with cover where known: Carex nigra 40, Molinia caerulea</source>
        <extracomment>label of --species-list</extracomment>
        <translation>Liste d'espèces : avec le recouvrement s'il est connu : Carex nigra 40, Molinia caerulea</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species lists of areas</source>
        <extracomment>title of lists</extracomment>
        <translation>Listes d'espèces par zone</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_locator.py"/>
        <source>Species maps (BotaCLIP)</source>
        <translation>Cartes d'espèces (BotaCLIP)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species model on the vectors: linear (ridge, calibrated; small and fast) or forest (random forest, as in the paper; the model file grows by up to 50 MB).</source>
        <extracomment>help of --head</extracomment>
        <translation>Modèle des espèces sur les vecteurs : linear (ridge, calibré ; petit et rapide) ou forest (forêt aléatoire, comme dans l'article ; le fichier de modèle grossit jusqu'à 50 Mo).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Species of the relevé</source>
        <translation>Espèces du relevé</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species suitability</source>
        <extracomment>title of suitability</extracomment>
        <translation>Aptitude de l'habitat par espèce</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/results_page.py"/>
        <source>Species that the map shows</source>
        <translation>Espèce que montre la carte</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>Species to expect</source>
        <translation>Espèces attendues</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_view.py"/>
        <source>Species to expect, the most suitable first</source>
        <translation>Espèces attendues, par aptitude décroissante</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to look for, with their cover where it is known: Carex nigra 40, Molinia caerulea.</source>
        <extracomment>help of --species-list</extracomment>
        <translation>Espèces recherchées, avec leur recouvrement s'il est connu : Carex nigra 40, Molinia caerulea.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Species to map</source>
        <translation>Espèces à cartographier</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to map, separated by commas. Not given: all species of the model.</source>
        <extracomment>help of --species</extracomment>
        <translation>Espèces à cartographier, séparées par des virgules. Si vide : toutes les espèces du modèle.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species to model, separated by commas. Not given: all with enough presences.</source>
        <extracomment>help of --species</extracomment>
        <translation>Espèces à modéliser, séparées par des virgules. Si vide : toutes celles qui ont assez de présences.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species weight</source>
        <extracomment>label of --species-weight</extracomment>
        <translation>Poids de la tête d'espèces</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species, scores, bands, patch, encoder, training extent, licence and how to cite.</source>
        <extracomment>help of info</extracomment>
        <translation>Espèces, scores, bandes, imagette, encodeur, emprise de l'entraînement, licence et façon de citer.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Species: separated by commas; empty: all</source>
        <extracomment>label of --species</extracomment>
        <translation>Espèces : séparées par des virgules ; si vide : toutes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Splits</source>
        <extracomment>label of --splits</extracomment>
        <translation>Partition des placettes</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stable</source>
        <extracomment>label of --stable</extracomment>
        <translation>Zones stables</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage</source>
        <extracomment>label of --stage</extracomment>
        <translation>Étage</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage (export)</source>
        <extracomment>label of --stage</extracomment>
        <translation>Étage (export)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.</source>
        <extracomment>help of --stage</extracomment>
        <translation>Étage d'un encodeur convolutif dont la carte est prise, à partir de 1. Si vide : le plus profond.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Standard deviation (import): one number a band</source>
        <extracomment>label of --std</extracomment>
        <translation>Écart-type (import) : un nombre par bande</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Start of the contrastive loss's temperature t; learnt.</source>
        <extracomment>help of --temperature</extracomment>
        <translation>Valeur initiale de la température t de la perte contrastive ; apprise.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Start of the sigmoid loss's bias; learnt. -10 is the published one, -2.71 has been used for small batches.</source>
        <extracomment>help of --bias</extracomment>
        <translation>Valeur initiale du biais de la perte sigmoïde ; appris. -10 est la valeur publiée, -2.71 a été employée pour de petits lots.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Status</source>
        <translation>État</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Step {name}</source>
        <translation>Étape {name}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Stopped. What was fetched is kept: Set up goes on from there.</source>
        <translation>Arrêté. Ce qui a été téléchargé est conservé : Installer reprend à cet endroit.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stopping</source>
        <extracomment>label of --stopping</extracomment>
        <translation>Critère d'arrêt</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Stopping…</source>
        <translation>Arrêt en cours…</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Straight from the alignment of images and relevés, without any presence of these species: the cosine of each patch with what is asked for, and the share of training plots that are less alike, which is what the map shows.</source>
        <extracomment>help of similarity</extracomment>
        <translation>Directement par l'alignement des images et des relevés, sans aucune présence de ces espèces : le cosinus entre chaque imagette et ce qui est recherché, et la part des placettes d'entraînement moins ressemblantes, que montre la carte.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Stride: pixel size of the map [m]</source>
        <extracomment>label of --stride</extracomment>
        <translation>Pas : taille de pixel de la carte [m]</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Suitability map that suitability has made.</source>
        <extracomment>help of --raster</extracomment>
        <translation>Carte d'aptitude produite par suitability.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Suitability of species</source>
        <translation>Aptitude des lieux pour les espèces</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Suitability, with --rule value.</source>
        <extracomment>help of --value</extracomment>
        <translation>Aptitude, avec --rule value.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>Suitability: {species}</source>
        <translation>Aptitude : {species}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>Summary</source>
        <translation>Résumé</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table</source>
        <extracomment>label of --table</extracomment>
        <translation>Table</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of accepted names: columns name and accepted. Synonyms are replaced, names not in it reported.</source>
        <extracomment>help of --taxa</extracomment>
        <translation>Table des noms acceptés : colonnes name et accepted. Les synonymes sont remplacés, les noms qui n'y figurent pas sont signalés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of indicator species to write (CSV); needs relevés.</source>
        <extracomment>help of --indicators</extracomment>
        <translation>Table des espèces indicatrices à écrire (CSV) ; nécessite des relevés.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of plots with their coordinates; not needed when the relevés carry them.</source>
        <extracomment>help of --plots</extracomment>
        <translation>Table des placettes avec leurs coordonnées ; inutile si les relevés les portent.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table of the scores of every species to write (CSV).</source>
        <extracomment>help of --table</extracomment>
        <translation>Table des scores de chaque espèce à écrire (CSV).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Table to write (CSV).</source>
        <extracomment>help of --output</extracomment>
        <translation>Table à écrire (CSV).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Tables of other things to predict, joined by plot name: one row per plot and target; several are separated by ;.</source>
        <extracomment>help of --task</extracomment>
        <translation>Tables d'autres cibles à prédire, jointes par le nom de la placette : une ligne par placette et par cible ; plusieurs tables sont séparées par des points-virgules.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Takes away the environment and all that was fetched for it.</source>
        <translation>Supprime l'environnement et tout ce qui a été téléchargé pour lui.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Targets</source>
        <extracomment>label of --targets</extracomment>
        <translation>Cibles</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task kind: auto, presence, presence-only, abundance</source>
        <extracomment>label of --task-kind</extracomment>
        <translation>Type de tâche : auto, presence, presence-only, abundance</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task plot field</source>
        <extracomment>label of --task-plot-field</extracomment>
        <translation>Champ de la placette (tâches)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task target field</source>
        <extracomment>label of --task-target-field</extracomment>
        <translation>Champ de la cible (tâches)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task value field</source>
        <extracomment>label of --task-value-field</extracomment>
        <translation>Champ de la valeur (tâches)</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Task: tables of other things to predict</source>
        <extracomment>label of --task</extracomment>
        <translation>Tâche : tables d'autres cibles à prédire</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Temperature</source>
        <extracomment>label of --temperature</extracomment>
        <translation>Température</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Temporary: kept until QGIS is closed</source>
        <translation>Temporaire : conservées jusqu'à la fermeture de QGIS</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Test the devices</source>
        <translation>Tester les périphériques</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Testing the devices</source>
        <translation>Essai des périphériques de calcul</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Text encoding of the tables (text files and dBase). Not given: detected and shown.</source>
        <extracomment>help of --encoding</extracomment>
        <translation>Encodage des tables (fichiers texte et dBase). Si vide : détecté et affiché.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Text file to write (Markdown). Not given: it is only shown.</source>
        <extracomment>help of --output</extracomment>
        <translation>Fichier texte à écrire (Markdown). Si vide : il est seulement affiché.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm_task.py"/>
        <source>The algorithm is not there; is the plugin's Processing provider switched off?</source>
        <translation>L'algorithme est introuvable ; le fournisseur de traitements de l'extension est-il désactivé ?</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>The algorithm was not prepared.</source>
        <translation>L'algorithme n'a pas été préparé.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The classes are those of the model's training plots (k-means of unit vectors), the same on every raster. With relevés on the image, a table of the species that tell each class: indicator value, specificity, fidelity, phi and the p of permuted classes.</source>
        <extracomment>help of clusters</extracomment>
        <translation>Les classes sont celles des placettes d'entraînement du modèle (k-moyennes de vecteurs unitaires), les mêmes sur tout raster. Avec des relevés sur l'image, une table des espèces qui caractérisent chaque classe : valeur indicatrice, spécificité, fidélité, phi et valeur p par permutation des classes.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>The diagnostics are on the clipboard.</source>
        <translation>Le diagnostic est dans le presse-papiers.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The earlier imagery: the same scenes with the same bands.</source>
        <extracomment>help of --earlier</extracomment>
        <translation>L'imagerie ancienne : les mêmes scènes avec les mêmes bandes.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/options_page.py"/>
        <source>The environment that BotaCLIP has set up</source>
        <translation>L'environnement que BotaCLIP a installé</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The later imagery.</source>
        <extracomment>help of --raster</extracomment>
        <translation>L'imagerie récente.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>The list was not saved: {reason}</source>
        <translation>La liste n'a pas été enregistrée : {reason}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>The map has no CRS, so the place cannot be found in the image. Set one in the project's properties.</source>
        <translation>La carte n'a pas de SCR : le lieu ne peut pas être retrouvé dans l'image. Définissez-en un dans les propriétés du projet.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>The map was made with the model {model}.</source>
        <translation>La carte a été produite avec le modèle {model}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>The model that comes along</source>
        <translation>Le modèle fourni</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>The patch that the model looked at, {size} m wide; {bands} shown as red, green and blue, each stretched by itself (2 to 98 %). Transparent: no valid pixel.</source>
        <translation>L'imagette que le modèle a examinée, large de {size} m ; {bands} affichées en rouge, vert et bleu, chacune étirée séparément (2 à 98 %). Transparent : aucun pixel valide.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm_task.py"/>
        <source>The project was closed meanwhile; the result lies in {path}.</source>
        <translation>Le projet a été fermé entre-temps ; le résultat se trouve dans {path}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>The same cut at each species' threshold: expected or not</source>
        <translation>La même, coupée au seuil de chaque espèce : attendue ou non</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>The same on the command line:</source>
        <translation>La même chose en ligne de commande :</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>The same with all targets (JSON).</source>
        <extracomment>help of --metrics</extracomment>
        <translation>Les mêmes, avec toutes les cibles (JSON).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>The sample lies in {folder}. Step 3 makes a map.</source>
        <translation>L'exemple se trouve dans {folder}. L'étape 3 produit une carte.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel_control.py"/>
        <source>The sample opens in a new project. Changes of the present one that are not saved are lost. Go on?</source>
        <translation>L'exemple s'ouvre dans un nouveau projet. Les modifications non enregistrées du projet actuel seront perdues. Continuer ?</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>There is nothing to say about this place.</source>
        <translation>Il n'y a rien à dire de ce lieu.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>This is no model file, or a damaged one.</source>
        <translation>Ce n'est pas un fichier de modèle, ou il est endommagé.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>This place is kept as A. Click another one to compare it with.</source>
        <translation>Ce lieu est gardé comme A. Cliquez sur un autre pour le lui comparer.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_control.py"/>
        <source>This training plot has no place on the map's CRS.</source>
        <translation>Cette placette d'entraînement n'a pas de position dans le SCR de la carte.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Three bands: the dissimilarity index (0 on a training plot), 1 inside the area of applicability and 0 outside, and how many training plots are like the place. Inside, the model's validation speaks for the map; outside, nothing does.</source>
        <extracomment>help of aoa</extracomment>
        <translation>Trois bandes : l'indice de dissimilarité (0 sur une placette d'entraînement), 1 dans le domaine d'applicabilité et 0 en dehors, et le nombre de placettes d'entraînement qui ressemblent au lieu. À l'intérieur, la validation du modèle vaut pour la carte ; à l'extérieur, rien ne la garantit.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Threshold</source>
        <translation>Seuil</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Tick all species that are shown</source>
        <translation>Cocher toutes les espèces affichées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>To hold {share} of the species present the list takes {count}, {names} among those not expected.</source>
        <translation>Pour contenir {share} des espèces présentes, la liste en retient {count}, dont {names} parmi les non attendues.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>To hold {share} of the species present the list takes {count}.</source>
        <translation>Pour contenir {share} des espèces présentes, la liste en retient {count}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Top</source>
        <extracomment>label of --top</extracomment>
        <translation>Nombre d'espèces gardées</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Torch</source>
        <extracomment>label of --torch</extracomment>
        <translation>Torch</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Train</source>
        <translation>Entraîner</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Train a model</source>
        <extracomment>title of train</extracomment>
        <translation>Entraîner un modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Train a new model from the relevés of step 1</source>
        <translation>Entraîner un nouveau modèle avec les relevés de l'étape 1</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Trained model, one *.botaclip file, or the word bundled for the one that comes along.</source>
        <extracomment>help of --model, help of MODEL</extracomment>
        <translation>Modèle entraîné, un fichier *.botaclip, ou le mot bundled pour celui qui est fourni.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/panel.py"/>
        <source>Training a model</source>
        <translation>Entraînement d'un modèle</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Training plots most like it: {plots}.</source>
        <translation>Placettes d'entraînement les plus semblables : {plots}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_about.py"/>
        <source>Training plots most like this place</source>
        <translation>Placettes d'entraînement les plus semblables à ce lieu</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Training plots nearby that hold the species</source>
        <translation>Placettes d'entraînement voisines où l'espèce est présente</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Training plots nearer than this to a test plot are left out. Not given: patch size plus receptive field, so that no patches overlap across folds.</source>
        <extracomment>help of --buffer</extracomment>
        <translation>Les placettes d'entraînement plus proches que cette distance d'une placette de test sont écartées. Si vide : la taille de l'imagette plus le champ récepteur, pour qu'aucune imagette ne chevauche deux plis.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Training plots on which it stood</source>
        <translation>Placettes d'entraînement où elle était présente</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>Training plots within {far}: {count}.</source>
        <translation>Placettes d'entraînement à moins de {far} : {count}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Transform</source>
        <extracomment>label of --transform</extracomment>
        <translation>Transformation</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Trials of a search (Optuna) for learning rate, decay, temperature, bias, lambda and axes, by inner validation inside every outer fold, as many for each trained alignment; 0 for none. Each costs about as much as all usual trials of one alignment.</source>
        <extracomment>help of --search</extracomment>
        <translation>Essais d'une recherche (Optuna) du taux d'apprentissage, de la pénalité, de la température, du biais, de lambda et du nombre d'axes, par validation interne au sein de chaque pli externe, autant pour chaque alignement entraîné ; 0 : aucun. Chacun coûte à peu près autant que tous les essais habituels d'un alignement.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>Two bands have the role {role}.</source>
        <translation>Deux bandes ont le rôle {role}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>URL (download): instead of the known address</source>
        <extracomment>label of --url</extracomment>
        <translation>URL (download) : à la place de l'adresse connue</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Uncertainty field: of a plot's place, in metres</source>
        <extracomment>label of --uncertainty-field</extracomment>
        <translation>Champ de l'incertitude : sur la position de la placette, en mètres</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Unidentified: names such as Carex sp.</source>
        <extracomment>label of --unidentified</extracomment>
        <translation>Non identifiés : noms tels que Carex sp.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/parameters.py"/>
        <source>Unit: {unit}.</source>
        <translation>Unité : {unit}.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Unknown ring [m]</source>
        <extracomment>label of --unknown-ring</extracomment>
        <translation>Anneau d'incertitude [m]</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>Untick all species that are shown</source>
        <translation>Décocher toutes les espèces affichées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Use a Python of my own…</source>
        <translation>Utiliser mon propre Python…</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Value</source>
        <extracomment>label of --value</extracomment>
        <translation>Valeur</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Value at place A, the one that is kept</source>
        <translation>Valeur au lieu A, celui qui est gardé</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>Value at place B less that at place A</source>
        <translation>Valeur au lieu B moins celle au lieu A</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Value range (import): such as 0,255</source>
        <extracomment>label of --value-range</extracomment>
        <translation>Plage de valeurs (import) : par exemple 0,255</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Vegeta</source>
        <extracomment>label of --vegeta</extracomment>
        <translation>VEGETA</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Vegeta axes</source>
        <extracomment>label of --vegeta-axes</extracomment>
        <translation>Axes de VEGETA</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Versions, devices, folders and the last error, to be pasted into a report.</source>
        <translation>Versions, périphériques, dossiers et dernière erreur, à coller dans un signalement.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Views</source>
        <extracomment>label of --views</extracomment>
        <translation>Vues</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Views of each patch that the adapter may see in training, encoded once: dihedral (turned and mirrored), crop, colour; none.</source>
        <extracomment>help of --augmentation</extracomment>
        <translation>Vues de chaque imagette que l'adaptateur peut voir à l'entraînement, encodées une seule fois : dihedral (rotations et symétries), crop (recadrage), colour (couleurs) ; none (aucune).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm_task.py"/>
        <source>Warning: {text}</source>
        <translation>Attention : {text}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weight decay</source>
        <extracomment>label of --weight-decay</extracomment>
        <translation>Pénalité des poids</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weights of the geometry-preserving term that are tried, as in 0.1,1; 1 is the paper's.</source>
        <extracomment>help of --lambda</extracomment>
        <translation>Poids essayés du terme de conservation de la géométrie, par exemple 0.1,1 ; 1 est celui de l'article.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Weights of the species head beside the contrastive loss that are tried with --alignment joint, each with the --lambda nearest to 1.</source>
        <extracomment>help of --species-weight</extracomment>
        <translation>Poids essayés de la tête d'espèces à côté de la perte contrastive avec --alignment joint, chacun avec le --lambda le plus proche de 1.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What an image and another plot's relevé should be: own (not together), floristic (together as far as the two relevés are alike, Bray-Curtis), gram (cosines of images equal floristic similarity).</source>
        <extracomment>help of --targets</extracomment>
        <translation>Ce que doivent être une image et le relevé d'une autre placette : own (séparés), floristic (rapprochés dans la mesure où les deux relevés se ressemblent, Bray-Curtis), gram (le cosinus des images égale la similarité floristique).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What an unlisted species means: absent (presence-absence, abundance) or unknown (presence-only). auto deduces it and says so.</source>
        <extracomment>help of --data-type</extracomment>
        <translation>Ce que signifie une espèce non notée : absente (presence-absence, abundance) ou inconnue (presence-only). auto le déduit et l'indique.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What does each choice of the method cost or bring? One table.</source>
        <extracomment>summary of ablate</extracomment>
        <translation>Que coûte ou qu'apporte chaque choix de la méthode ? Une table.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>What for?</source>
        <translation>Pour quoi faire ?</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What is done to cover before it is encoded: hellinger (square root of relative cover), presence, percent, sqrt, log1p, or ordinal (van der Maarel's 1 to 9).</source>
        <extracomment>help of --transform</extracomment>
        <translation>Transformation du recouvrement avant l'encodage : hellinger (racine carrée du recouvrement relatif), presence, percent (pour cent), sqrt (racine carrée), log1p, ou ordinal (échelle de 1 à 9 de van der Maarel).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>What suits this machine: {build}</source>
        <translation>Ce qui convient à cette machine : {build}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>What the colours of the list mean</source>
        <translation>Signification des couleurs de la liste</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>What the map shows</source>
        <translation>L'emprise affichée</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>What the model is good for, and where it must not be trusted</source>
        <translation>À quoi sert le modèle, et où il ne faut pas s'y fier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>What the model sees, as components shown in colours</source>
        <translation>Ce que voit le modèle, en composantes affichées en couleurs</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What the task tables hold, one word for each or one for all: presence (what is not listed is absent), presence-only (what is not listed is unknown), abundance (numbers), or auto (looks at the values and says what it took).</source>
        <extracomment>help of --task-kind</extracomment>
        <translation>Ce que contiennent les tables de tâches, un mot par table ou un pour toutes : presence (ce qui n'est pas noté est absent), presence-only (ce qui n'est pas noté est inconnu), abundance (des nombres) ou auto (examine les valeurs et indique ce qui a été retenu).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to clear.</source>
        <extracomment>help of --part</extracomment>
        <translation>Ce qu'il faut vider.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to do with names such as 'Carex sp.', 'indet.', 'unknown' or a genus alone: leave-out (they are listed) or keep.</source>
        <extracomment>help of --unidentified</extracomment>
        <translation>Que faire des noms tels que « Carex sp. », « indet. », « unknown » ou d'un genre seul : leave-out (les écarter et les énumérer) ou keep (les garder).</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>What to vary: lambda, regulariser, temperature, adapter, transform, whitening, augmentation, size (learning curve), encoder, vegeta, loss, targets, positives, bias, schedule, adapter-start, species-weight.</source>
        <extracomment>help of --factors</extracomment>
        <translation>Ce qu'il faut faire varier : lambda, regulariser, temperature, adapter, transform, whitening, augmentation, size (courbe d'apprentissage), encoder, vegeta, loss, targets, positives, bias, schedule, adapter-start, species-weight.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>What was observed nearby is not known: the model does not say where its plots lie, or what they hold.</source>
        <translation>On ne sait pas ce qui a été observé à proximité : le modèle n'indique pas où sont ses placettes, ni ce qu'elles contiennent.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Wheels: folder to install from without internet</source>
        <extracomment>label of --wheels</extracomment>
        <translation>Wheels : dossier pour installer sans internet</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Where</source>
        <translation>Où</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where the image adapter begins: identity (as in the paper), canonical (the closed form with 16 axes), or auto: canonical for joint, identity for all others.</source>
        <extracomment>help of --adapter-start</extracomment>
        <translation>Point de départ de l'adaptateur des images : identity (l'identité, comme dans l'article), canonical (la forme explicite à 16 axes), ou auto : canonical pour joint, identity pour tous les autres.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Where the model may be believed</source>
        <translation>Là où l'on peut se fier au modèle</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where to compute. auto takes a GPU when one works (cuda, then directml on Windows, then coreml on macOS) and says so when it falls back. Training knows cpu and cuda only.</source>
        <extracomment>help of --device</extracomment>
        <translation>Où calculer. auto prend un GPU s'il en est un qui fonctionne (cuda, puis directml sous Windows, puis coreml sous macOS) et signale tout repli. L'entraînement ne connaît que cpu et cuda.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Where to write it as JSON; not given: it is printed.</source>
        <extracomment>help of --output</extracomment>
        <translation>Où l'écrire au format JSON ; si vide : affiché à l'écran.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Whether the encoder goes into the model file, so that the file is all one needs: auto up to 128 MB, yes up to 512 MB, no. A model without it needs the same encoder installed where it is used.</source>
        <extracomment>help of --embed-encoder</extracomment>
        <translation>Inclure ou non l'encodeur dans le fichier de modèle, pour que ce fichier suffise : auto jusqu'à 128 Mo, yes jusqu'à 512 Mo, no. Un modèle sans encodeur exige que le même encodeur soit installé là où on l'utilise.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Whether the model file holds the plots' places: exact, coarse:M (rounded to M metres) or none.</source>
        <extracomment>help of --plot-locations</extracomment>
        <translation>Positions des placettes conservées dans le fichier de modèle : exact (exactes), coarse:M (arrondies à M mètres) ou none (aucune).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_dock.py"/>
        <source>Whether the model may be believed here</source>
        <translation>Peut-on se fier au modèle ici</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Which relevés count as an image's own beside its own one: site (of the same site), near (within --positive-distance), alike (Bray-Curtis similarity from --positive-similarity).</source>
        <extracomment>help of --positives</extracomment>
        <translation>Relevés qui comptent comme ceux d'une image en plus du sien : site (même site), near (à moins de --positive-distance), alike (similarité de Bray-Curtis à partir de --positive-similarity).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/run_page.py"/>
        <source>Whole image</source>
        <translation>Toute l'image</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Width of what the encoder of species lists gives.</source>
        <extracomment>help of --vegeta-axes</extracomment>
        <translation>Nombre d'axes que donne l'encodeur des listes d'espèces.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With a model: leave out plots that it may have seen and score the others. Not given: a table that holds such plots is refused.</source>
        <extracomment>help of --only-unseen</extracomment>
        <translation>Avec un modèle : écarter les placettes qu'il a pu voir et évaluer les autres. Sinon : une table qui en contient est refusée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With disk: largest distance of a pseudo-absence from the nearest presence. Not given: any.</source>
        <extracomment>help of --pseudo-distance-max</extracomment>
        <translation>Avec disk : distance maximale d'une pseudo-absence à la présence la plus proche. Si vide : sans limite.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>With disk: smallest distance of a pseudo-absence from the nearest presence. Not given: the buffer.</source>
        <extracomment>help of --pseudo-distance-min</extracomment>
        <translation>Avec disk : distance minimale d'une pseudo-absence à la présence la plus proche. Si vide : la zone tampon.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Without a model: spatial cross-validation of every column of the comparison, for the plants of the relevés and for tasks of your own (another taxon, abundances), with paired tests. With a model: that model, on plots it has never seen.</source>
        <extracomment>help of evaluate</extracomment>
        <translation>Sans modèle : validation croisée spatiale de chaque colonne de la comparaison, pour les plantes des relevés et pour vos propres tâches (un autre taxon, des abondances), avec des tests appariés. Avec un modèle : ce modèle, sur des placettes qu'il n'a jamais vues.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>Without internet, or from another index</source>
        <translation>Sans internet, ou depuis un autre index</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Write a report to</source>
        <translation>Écrire un rapport dans</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Write down what a bug report needs: versions, devices, folders, last error.</source>
        <extracomment>summary of diagnostics</extracomment>
        <translation>Consigne ce que demande un signalement d'anomalie : versions, périphériques, dossiers, dernière erreur.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>Write the model to</source>
        <translation>Écrire le modèle dans</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Write the report of a training, its scores as a table, and its ODMAP protocol.</source>
        <extracomment>summary of report</extracomment>
        <translation>Écrit le rapport d'un entraînement, ses scores sous forme de table et son protocole ODMAP.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Writes a point layer with the suitability of each species, or the reason why there is none.</source>
        <extracomment>help of predict</extracomment>
        <translation>Écrit une couche de points avec l'aptitude pour chaque espèce, ou la raison pour laquelle il n'y en a pas.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>X field: easting or longitude</source>
        <extracomment>label of --x-field</extracomment>
        <translation>Champ X : abscisse ou longitude</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>Y field: northing or latitude</source>
        <extracomment>label of --y-field</extracomment>
        <translation>Champ Y : ordonnée ou latitude</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} h left</source>
        <translation>encore {count} h environ</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} min left</source>
        <translation>encore {count} min environ</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>about {count} s left</source>
        <translation>encore {count} s environ</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>any</source>
        <translation>toutes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>below</source>
        <translation>en dessous</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/option_form.py"/>
        <source>by itself</source>
        <translation>automatique</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose a GeoTIFF, a VRT or a folder of tiles</source>
        <translation>choisissez un GeoTIFF, un VRT ou un dossier de dalles</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose a layer or table that opens</source>
        <translation>choisissez une couche ou une table qui s'ouvre</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose another layer</source>
        <translation>choisissez une autre couche</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose one raster, or a folder of tiles</source>
        <translation>choisissez un seul raster, ou un dossier de dalles</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>choose one raster, or a folder of tiles; with EACH each gets a map of its own</source>
        <translation>choisissez un seul raster, ou un dossier de dalles ; avec EACH, chacun a sa propre carte</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download, import: I have read the encoder's licence and accept it.</source>
        <extracomment>help of --accept-licence</extracomment>
        <translation>download, import : j'ai lu la licence de l'encodeur et je l'accepte.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download, import: SHA-256 that the file must have; needed to fetch what no record pins.</source>
        <extracomment>help of --sha256</extracomment>
        <translation>download, import : SHA-256 que le fichier doit avoir ; nécessaire pour télécharger ce qu'aucune fiche ne fixe.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: address in front of which the record's file name is put, instead of the publisher's.</source>
        <extracomment>help of --mirror</extracomment>
        <translation>download : adresse placée devant le nom de fichier de la fiche, à la place de celle de l'éditeur.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: address of the checkpoint instead of the record's.</source>
        <extracomment>help of --url</extracomment>
        <translation>download : adresse des poids, à la place de celle de la fiche.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>download: proxy, for example http://proxy.example.org:8080. QGIS gives its own.</source>
        <extracomment>help of --proxy</extracomment>
        <translation>download : proxy, par exemple http://proxy.example.org:8080. QGIS fournit le sien.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>expected: above the suitability of the training prevalence, as at a click; list: on the list that holds the model's share (90 %) of what grows at a place; value: one suitability for all species.</source>
        <extracomment>help of --rule</extracomment>
        <translation>expected : aptitude supérieure à celle de la prévalence d'entraînement, comme lors d'un clic ; list : dans la liste qui contient la part promise par le modèle (90 %) de ce qui pousse en un lieu ; value : une même aptitude pour toutes les espèces.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>expected: at or above its threshold</source>
        <translation>attendue : au seuil ou au-dessus</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>export it as a GeoTIFF (Export &gt; Save As…) and choose that</source>
        <translation>exportez-la en GeoTIFF (Exporter &gt; Sauvegarder sous…) et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>export it as a GeoTIFF and choose that</source>
        <translation>exportez-la en GeoTIFF et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>export it to a CSV file and choose that</source>
        <translation>exportez-la dans un fichier CSV et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>export the part you need as a GeoTIFF in the resolution you need, and choose that</source>
        <translation>exportez la partie voulue en GeoTIFF, à la résolution voulue, et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: How a transformer's patch becomes one vector in mode exact: its class token, the mean of its patch tokens, or both. auto takes what its makers do.</source>
        <extracomment>help of --pooling</extracomment>
        <translation>export : façon dont l'imagette d'un transformeur devient un seul vecteur en mode exact : cls (son token de classe), mean (la moyenne de ses tokens d'imagette) ou cls-mean (les deux). auto suit le choix de ses auteurs.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: How a window encoder (transformer, deep network) looks: exact gives it the patch itself at every place; tokens takes the tokens of fixed windows, much cheaper for maps; dense is for convolutional encoders with a small field. auto takes the encoder's own. A model is valid only in the mode it was trained in.</source>
        <extracomment>help of --mode</extracomment>
        <translation>export : façon dont un encodeur à fenêtre (transformeur, réseau profond) regarde l'image : exact lui présente l'imagette elle-même en chaque lieu ; tokens reprend les tokens de fenêtres fixes, bien moins coûteux pour les cartes ; dense convient aux encodeurs convolutifs à petit champ. auto prend le mode propre à l'encodeur. Un modèle n'est valable que dans le mode où il a été entraîné.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: Numbers of the encoder's graph: fp32; fp16, half the file, not faster on a CPU; int8, a quarter of the file and up to three times faster on a CPU, less exact. Convolutional encoders in int8 have to be exported first, calibrated on tiles.</source>
        <extracomment>help of --precision</extracomment>
        <translation>export : nombres du graphe de l'encodeur : fp32 ; fp16, fichier deux fois plus petit, pas plus rapide sur un processeur ; int8, fichier quatre fois plus petit et jusqu'à trois fois plus rapide sur un processeur, moins exact. En int8, les encodeurs convolutifs doivent d'abord être exportés et calibrés sur des dalles.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: ONNX file to write. Not given: it is kept with the encoder.</source>
        <extracomment>help of --output</extracomment>
        <translation>export : fichier ONNX à écrire. Si vide : il est conservé avec l'encodeur.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: Stage of a convolutional encoder whose map is taken, from 1. Not given: the deepest.</source>
        <extracomment>help of --stage</extracomment>
        <translation>export : étage d'un encodeur convolutif dont la carte est prise, à partir de 1. Si vide : le plus profond.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>export: raster on whose tiles int8 is calibrated and precision is measured.</source>
        <extracomment>help of --calibration</extracomment>
        <translation>export : raster dont les dalles servent à calibrer int8 et à mesurer la précision.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/preview_layers.py"/>
        <source>fold {number}</source>
        <translation>pli {number}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>give a smaller EXTENT, or export the part you need as a GeoTIFF and choose that</source>
        <translation>donnez une EMPRISE (EXTENT) plus petite, ou exportez la partie voulue en GeoTIFF et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>give an EXTENT, or export the part you need as a GeoTIFF and choose that</source>
        <translation>donnez une EMPRISE (EXTENT), ou exportez la partie voulue en GeoTIFF et choisissez ce fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/first_run.py"/>
        <source>https://… instead of PyPI</source>
        <translation>https://… à la place de PyPI</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import of ONNX: name of the input. Not given: the only one.</source>
        <extracomment>help of --input-name</extracomment>
        <translation>import ONNX : nom de l'entrée. Si vide : la seule qui existe.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import of ONNX: name of the output, or of a value on the way to it. Not given: the only one.</source>
        <extracomment>help of --output-name</extracomment>
        <translation>import ONNX : nom de la sortie, ou d'une valeur intermédiaire. Si vide : la seule qui existe.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import or download under a new name: JSON file with the encoder's record.</source>
        <extracomment>help of --record</extracomment>
        <translation>import ou download sous un nouveau nom : fichier JSON avec la fiche de l'encodeur.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: licence of the weights.</source>
        <extracomment>help of --licence</extracomment>
        <translation>import sous un nouveau nom : licence des poids.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: timm:NAME, onnx, or the name of an encoder that it is like (dofa-base ...). Not given: what the file looks like.</source>
        <extracomment>help of --architecture</extracomment>
        <translation>import sous un nouveau nom : timm:NOM, onnx, ou le nom d'un encodeur semblable (dofa-base ...). Si vide : d'après l'apparence du fichier.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import under a new name: whom to cite.</source>
        <extracomment>help of --citation</extracomment>
        <translation>import sous un nouveau nom : qui citer.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import, export: bands in the encoder's order, for example red,green,blue.</source>
        <extracomment>help of --bands</extracomment>
        <translation>import, export : bandes dans l'ordre de l'encodeur, par exemple red,green,blue.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: checkpoint (*.pth, *.ckpt, *.safetensors), ONNX file, or a folder that holds them.</source>
        <extracomment>help of --file</extracomment>
        <translation>import : poids (*.pth, *.ckpt, *.safetensors), fichier ONNX, ou dossier qui les contient.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: file with the licence's text, to be kept beside the weights.</source>
        <extracomment>help of --licence-file</extracomment>
        <translation>import : fichier avec le texte de la licence, à conserver avec les poids.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: finest and coarsest pixel size of its training images, in metres.</source>
        <extracomment>help of --gsd</extracomment>
        <translation>import : tailles de pixel la plus fine et la plus grossière de ses images d'entraînement, en mètres.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: lowest and highest value of its training images, for example 0,255.</source>
        <extracomment>help of --value-range</extracomment>
        <translation>import : valeurs minimale et maximale de ses images d'entraînement, par exemple 0,255.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: mean of each band, in the units of --value-range.</source>
        <extracomment>help of --mean</extracomment>
        <translation>import : moyenne de chaque bande, dans les unités de --value-range.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: side of its input in pixels.</source>
        <extracomment>help of --input-size</extracomment>
        <translation>import : côté de son entrée, en pixels.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>import: standard deviation of each band, in the units of --value-range.</source>
        <extracomment>help of --std</extracomment>
        <translation>import : écart-type de chaque bande, dans les unités de --value-range.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>it cannot be exported ({reason})</source>
        <translation>exportation impossible ({reason})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it comes from the provider {name}, not from a raster file</source>
        <translation>elle vient du fournisseur {name}, et non d'un fichier raster</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has a filter</source>
        <translation>elle est filtrée</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has computed columns</source>
        <translation>elle a des champs calculés</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has joins</source>
        <translation>elle a des jointures</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>it has unsaved edits</source>
        <translation>elle a des modifications non enregistrées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_layers.py"/>
        <source>it holds no map</source>
        <translation>il ne contient aucune carte</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>it is no layer of its own</source>
        <translation>elle n'est pas une couche à part entière</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>its file {path} is not there any more</source>
        <translation>son fichier {path} n'existe plus</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>its source is no plain CSV file, Shapefile or GeoPackage</source>
        <translation>sa source n'est pas un simple fichier CSV, Shapefile ou GeoPackage</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>its source {source} is not a plain raster file</source>
        <translation>sa source {source} n'est pas un simple fichier raster</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/preview_layers.py"/>
        <source>left out</source>
        <translation>écartée</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>list: all encoders and what is installed; show: one in full, with its licence; download: fetch its checkpoint; import: take a checkpoint, ONNX file or folder that you have; export: write its ONNX graph and measure what precision costs; verify: recompute digests; remove: delete what was fetched or made.</source>
        <extracomment>help of ACTION</extracomment>
        <translation>list : tous les encodeurs et ce qui est installé ; show : un seul, en entier, avec sa licence ; download : télécharger ses poids ; import : prendre des poids, un fichier ONNX ou un dossier dont vous disposez ; export : écrire son graphe ONNX et mesurer ce que coûte la précision ; verify : recalculer les empreintes ; remove : supprimer ce qui a été téléchargé ou produit.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>list: on the list that holds the model's share (90 %) of what grows at a place; expected: above the suitability of the training prevalence, as at a click.</source>
        <extracomment>help of --rule</extracomment>
        <translation>list : dans la liste qui contient la part promise par le modèle (90 %) de ce qui pousse en un lieu ; expected : aptitude supérieure à celle de la prévalence d'entraînement, comme lors d'un clic.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>long: one row per plot and species; wide: one row per plot, one column per species; transposed: one row per species, one column per plot. auto looks at the columns and says what it took.</source>
        <extracomment>help of --layout</extracomment>
        <translation>long : une ligne par placette et par espèce ; wide : une ligne par placette, une colonne par espèce ; transposed : une ligne par espèce, une colonne par placette. auto examine les colonnes et indique ce qui a été retenu.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>m</source>
        <extracomment>unit of --block-size, unit of --buffer, unit of --patch-size, unit of --positive-distance, unit of --pseudo-distance-max, unit of --pseudo-distance-min, unit of --stride, unit of --unknown-ring</extracomment>
        <translation>m</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>name a file such as {example}</source>
        <translation>nommez un fichier tel que {example}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>none keeps float32; uint8 stores value = scale * q + offset, 0 = nodata.</source>
        <extracomment>help of --quantise</extracomment>
        <translation>none garde float32 ; uint8 enregistre valeur = échelle * q + décalage, 0 = sans donnée.</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>normalise strips authors, cf. and aff. from species names and writes ranks and hybrids one way, with a report; verbatim takes them as they stand.</source>
        <extracomment>help of --names</extracomment>
        <translation>normalise retire des noms d'espèces les auteurs, cf. et aff., et écrit rangs et hybrides d'une seule façon, avec un compte rendu ; verbatim les prend tels quels.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>not calibrated by itself: a rough number</source>
        <translation>non calibrée à part : valeur approximative</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>not installed: the actions download and import get them</source>
        <translation>non installés : les actions download et import les fournissent</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>not installed: the algorithm Encoders (botaclip:encoders) gets them</source>
        <translation>non installés : l'algorithme Encodeurs (botaclip:encoders) les fournit</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>nothing of the layer lies in the extent</source>
        <translation>aucune partie de la couche ne se trouve dans l'emprise</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>observed on training plots within {far}</source>
        <translation>observée sur des placettes d'entraînement à moins de {far}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>observed on training plots within {far} (the model rounds their places to {rounded})</source>
        <translation>observée sur des placettes d'entraînement à moins de {far} (le modèle arrondit leurs positions à {rounded})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only its first {count} features are wanted</source>
        <translation>seules ses {count} premières entités sont demandées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only its selected features are wanted</source>
        <translation>seules ses entités sélectionnées sont demandées</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>only part of its features is wanted</source>
        <translation>seule une partie de ses entités est demandée</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>plot {number}</source>
        <translation>placette {number}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>repair its source in QGIS</source>
        <translation>réparez sa source dans QGIS</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>run: maps, points and clicks with a ready model (about 0.1 GB to fetch); train: also training and the demo landscape (with torch).</source>
        <extracomment>help of --packages</extracomment>
        <translation>run : cartes, points et clics avec un modèle prêt (environ 0,1 Go à télécharger) ; train : aussi l'entraînement et le paysage de démonstration (avec torch).</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>set it in the layer's properties</source>
        <translation>définissez-le dans les propriétés de la couche</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>show: what is kept and how large it is; clear: delete it.</source>
        <extracomment>help of ACTION</extracomment>
        <translation>show : ce qui est conservé et sa taille ; clear : le supprimer.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>size of the vectors by the bands</source>
        <translation>dimension des vecteurs selon les bandes</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>species, plants, vegetation, relevé, suitability, habitat, distribution, embedding, deep learning, machine learning, imagery, orthophoto, remote sensing</source>
        <translation>espèces, plantes, végétation, relevé, aptitude, habitat, répartition, plongement, embedding, apprentissage profond, apprentissage automatique, imagerie, orthophoto, télédétection, phytosociologie</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>strict: adapter, head and threshold inside each outer spatial fold (default). paper: each plot is embedded by an adapter that did not see its spatial fold, then repeated stratified cross-validation on these vectors. Not with a model.</source>
        <extracomment>help of --protocol</extracomment>
        <translation>strict : adaptateur, tête et seuil ajustés dans chaque pli spatial externe (par défaut). paper : chaque placette est encodée par un adaptateur qui n'a pas vu son pli spatial, puis validation croisée stratifiée répétée sur ces vecteurs. Pas avec un modèle.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>the extent of the job cannot be transformed to the layer's CRS</source>
        <translation>l'emprise du traitement ne peut pas être transformée dans le SCR de la couche</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <location filename="../botaclip_qgis/values.py"/>
        <source>the layer cannot be read</source>
        <translation>la couche ne peut pas être lue</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>the layer has no CRS</source>
        <translation>la couche n'a pas de SCR</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_layer.py"/>
        <source>the place was not added</source>
        <translation>le lieu n'a pas été ajouté</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>the plot</source>
        <translation>la placette</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/demo_project.py"/>
        <source>the project cannot be written ({reason})</source>
        <translation>le projet ne peut pas être écrit ({reason})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>the service does not say the size of its pixels</source>
        <translation>le service n'indique pas la taille de ses pixels</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/data_page.py"/>
        <source>the species</source>
        <translation>l'espèce</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/plain_files.py"/>
        <source>the temporary copy cannot be written ({reason})</source>
        <translation>la copie temporaire ne peut pas être écrite ({reason})</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_plans.py"/>
        <source>the worker's GDAL does not know its format</source>
        <translation>la bibliothèque GDAL du processus de calcul ne connaît pas son format</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no file or folder {path}</source>
        <translation>il n'existe ni fichier ni dossier {path}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no raster layer, file or folder {name}</source>
        <translation>il n'existe ni couche raster, ni fichier, ni dossier {name}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>there is no table or layer {name}</source>
        <translation>il n'existe ni table ni couche {name}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>threshold</source>
        <translation>seuil</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>threshold unknown</source>
        <translation>seuil inconnu</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <location filename="../botaclip_qgis/click_view.py"/>
        <source>unknown</source>
        <translation>inconnu</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/preview_layers.py"/>
        <source>usable, in no fold</source>
        <translation>utilisable, dans aucun pli</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>use a code such as EPSG:2154</source>
        <translation>utilisez un code tel que EPSG:2154</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>use xmin,xmax,ymin,ymax [EPSG:code]</source>
        <translation>utilisez xmin,xmax,ymin,ymax [EPSG:code]</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>vectors of {size}</source>
        <translation>vecteurs de dimension {size}</translation>
    </message>
    <message>
        <location filename="../core/commands.py"/>
        <source>years</source>
        <extracomment>unit of --date-tolerance</extracomment>
        <translation>ans</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>{algorithm} has no parameter {name}; it is ignored.</source>
        <translation>{algorithm} n'a pas de paramètre {name} ; il est ignoré.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/species_choice.py"/>
        <source>{chosen} of {all} species</source>
        <translation>{chosen} espèces sur {all}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{columns} x {rows} pixels of it would have to be exported, more than {most} million</source>
        <translation>il faudrait en exporter {columns} x {rows} pixels, plus de {most} millions</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>{count} more without a threshold.</source>
        <translation>{count} autres sans seuil.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{count} rasters are named, and one is asked for</source>
        <translation>{count} rasters sont nommés alors qu'un seul est demandé</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>{count} species, none with a threshold: ranked by suitability.</source>
        <translation>{count} espèces, aucune avec un seuil : classées par aptitude.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>{expected} of {count} species expected here.</source>
        <translation>{expected} espèces attendues ici sur {count}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{layer} cannot be read as it stands, because {reasons}</source>
        <translation>{layer} ne peut pas être lue telle quelle, car {reasons}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{layer} is a drawn map: its colours are made to be looked at and are no measured data. What is learnt from them holds for this map and this zoom level only.</source>
        <translation>{layer} est une carte dessinée : ses couleurs sont faites pour être regardées et ne sont pas des données mesurées. Ce qui en est appris ne vaut que pour cette carte et ce niveau de zoom.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{layer}: nodata values set in QGIS are not in the file and are not used; write them into the file.</source>
        <translation>{layer} : les valeurs nodata définies dans QGIS ne sont pas dans le fichier et ne sont pas utilisées ; inscrivez-les dans le fichier.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/raster_export.py"/>
        <source>{layer}: {reason}; {columns} x {rows} pixels of it are first exported to a temporary GeoTIFF.</source>
        <translation>{layer} : {reason} ; {columns} x {rows} de ses pixels sont d'abord exportés dans un GeoTIFF temporaire.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{name} is missing</source>
        <translation>{name} manque</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{name}: {count} rows of {layer} were written to {path}, because {reasons}.</source>
        <translation>{name} : {count} lignes de {layer} ont été écrites dans {path}, car {reasons}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{path} has no file extension</source>
        <translation>{path} n'a pas d'extension de fichier</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/algorithm.py"/>
        <source>{path} was not written.</source>
        <translation>{path} n'a pas été écrit.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_words.py"/>
        <source>{size} m patch centred at {place}, {offset} m from the click; model: {model}.</source>
        <translation>Imagette de {size} m centrée en {place}, à {offset} m du clic ; modèle : {model}.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_picture.py"/>
        <source>{size} m × {size} m</source>
        <translation>{size} m × {size} m</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/model_page.py"/>
        <source>{species} species from {plots} plots; looks at {patch} m around a place.</source>
        <translation>{species} espèces d'après {plots} placettes ; regarde {patch} m autour d'un lieu.</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>{species}: no value here</source>
        <translation>{species} : pas de valeur ici</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>{species}: probability {value}</source>
        <translation>{species} : probabilité {value}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/click_table.py"/>
        <source>{species}: relative suitability {value}</source>
        <translation>{species} : aptitude relative {value}</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/encoder_choice.py"/>
        <source>{title}, damaged</source>
        <translation>{title}, endommagé</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{value} is no coordinate reference system</source>
        <translation>{value} n'est pas un système de coordonnées de référence</translation>
    </message>
    <message>
        <location filename="../botaclip_qgis/values.py"/>
        <source>{value} is no extent</source>
        <translation>{value} n'est pas une emprise</translation>
    </message>
</context>
</TS>
