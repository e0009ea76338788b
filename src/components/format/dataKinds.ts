/** The kinds of data that ports and connections tell apart, by shape and by colour. */
export type DataKind = 'table' | 'model' | 'folder' | 'file' | 'any';

const TABLES = new Set('csv tsv jsonl ndjson parquet arrow feather excel xlsx xls'.split(' '));
const MODELS = new Set('joblib pickle pkl onnx pt safetensors keras h5 mlflow model'.split(' '));

export function dataKind(format: string): DataKind {
  if (TABLES.has(format)) {
    return 'table';
  }
  if (MODELS.has(format)) {
    return 'model';
  }
  return format === 'folder' ? 'folder' : format ? 'file' : 'any';
}
