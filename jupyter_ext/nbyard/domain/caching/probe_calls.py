"""Python calls that open or test files, and patterns of computed file names."""

import re

# Last word of a call. Words that begin with BEGINNINGS count as well.
_PROBES = (
    # Python itself
    "BZ2File CDLL DirEntry FileCookieJar FileIO FileInput GzipFile LZMAFile LoadLibrary PyDLL"
    " SourceFileLoader TarFile ZipFile __import__ access chdir cmp cmpfiles connect dircmp dlopen"
    " eval exec exec_module execfile exists fileConfig find_spec fwalk get_data getctime getline"
    " getlines getmtime getsize getxattr glob hardlink_to iglob is_block_device"
    " is_char_device is_dir is_fifo is_file is_junction is_mount is_socket is_symlink is_tarfile"
    " is_zipfile isdir isfile isjunction islink ismount iter_modules iterdir iterparse lexists"
    " link_to listdir listxattr lstat mkfifo parse readlink reload removedirs rglob rmdir"
    " rmtree run_module run_path samefile scandir spec_from_file_location stat statvfs symlink_to"
    " unlink utime walk walk_packages which"
    # tables and arrays
    " DeltaTable Dataset ExcelFile File FileDataset FileSelector HDFStore MFDataset ORCFile OSFile"
    " ParquetDataset ParquetFile SQLContext create_engine dataset fromfile genfromtxt"
    " get_file_info input_stream memmap memory_map mmread netcdf_file whosmat"
    # pictures, sound, video, documents, maps and genomes
    " AlignmentFile AudioSegment Document FastaFile FileStorage ImageCollection PdfFileReader"
    " PdfReader Presentation SoundFile TFile VariantFile VideoCapture VideoFileClip addfont dcmread"
    " get_reader get_template imiter imopen imread imreadmulti mimread mvolread truetype volread"
    # machine learning and settings
    " CsvDataset DMatrix DatasetFolder FileSystemLoader GFile ImageFolder InferenceSession"
    " SentencePieceProcessor TFRecordDataset TextLineDataset audio_dataset_from_directory"
    " dotenv_values find_dotenv flow_from_directory image_dataset_from_directory"
    " text_dataset_from_directory torch_load"
)
PROBES = frozenset(_PROBES.split())
BEGINNINGS = ("from_", "import_", "load", "open", "read", "scan_")
NO_PROBES = frozenset({"loads", "openai"})  # exceptions to BEGINNINGS
# Calls that return a handle, which is read later.
OPENERS = frozenset({"Dataset", "ExcelFile", "File", "TarFile", "ZipFile", "connect", "open"})
# Texts and data frames have methods with these names as well.
_MOVES = "compile copy copy2 copyfile copytree link move remove rename replace symlink truncate"
MOVES = frozenset(_MOVES.split())
MOVING = frozenset({"os", "shutil"})
# Other objects have attributes with this name as well.
ATTRIBUTES = frozenset({"dataset"})
# These calls fail if the path exists, unless `exist_ok=True`.
MAKES = frozenset({"makedirs", "mkdir"})
# Methods of a path: the path itself counts as an argument.
_OF_PATHS = (
    "exists glob hardlink_to is_block_device is_char_device is_dir is_fifo is_file"
    " is_junction is_mount is_socket is_symlink iterdir link_to lstat makedirs mkdir open owner"
    " read_bytes read_text readlink rglob rmdir samefile stat symlink_to unlink walk"
)
OF_PATHS = frozenset(_OF_PATHS.split())
# Modules, not paths: only the arguments of their functions name files.
_LIBRARIES = (
    "PIL aifc aiofiles astropy builtins bz2 codecs dbm fiona fitz fsspec glob gzip imageio"
    " importlib io laspy lzma os pathlib pdfplumber posixpath pymupdf rasterio shelve shutil"
    " smart_open tarfile tensorflow tifffile tokenize torch uproot vaex wave zarr zipfile"
)
LIBRARIES = frozenset(_LIBRARIES.split())
# Modules whose functions open their arguments, whatever their names.
_ALL_OPEN = "dbm duckdb fileinput linecache runpy shelve"
ALL_OPEN = frozenset(_ALL_OPEN.split())
# Keyword arguments that name files in any call.
_KEYWORDS = (
    "data_dir data_files directory file_name file_path filename filenames filepath"
    " filepath_or_buffer fname path paths"
)
KEYWORDS = frozenset(_KEYWORDS.split())
# Modules whose SQL opens files.
SQL_FILES = frozenset({"duckdb"})
SQL = frozenset({"execute", "executemany", "query", "sql"})
# Calls that only write or show their texts.
QUIET = re.compile(
    r"print|pprint|debug|info|warn|warning|error|critical|log|display|Markdown|HTML|dump|title"
    r"|suptitle|[xy]label|set_(?:description|title|[xy]label)|imsave|imwrite|\w*(?:Error|Exception)"
    r"|(?:to|write|save|sink)(?:_\w*)?|save(?:fig|txt|z)"
)
# Calls that look up a function by its name.
NAMES = frozenset({"getattr", "methodcaller", "attrgetter"})
ENDING = r"[\w*-]*\.[A-Za-z][A-Za-z0-9]{0,8}(?![\w(.]|\s*=)"
# A computed part, and the end of a file name: "%d.csv", "{}.csv", "{year:02}_x.csv", "$year.csv"
TEMPLATE = re.compile(rf"(?:%(?:\(\w+\))?[-#0 +\d.]*[A-Za-z]|\{{[^{{}}\s]*\}}|\$\w+){ENDING}")
AFTER = re.compile(ENDING)


def is_probe(word: str) -> bool:
    """Return whether a function of this name opens or tests a file passed to it."""
    lower = word.lower()
    return word in PROBES or (lower.startswith(BEGINNINGS) and lower not in NO_PROBES)
