import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  deleteIcon,
  downloadIcon,
  editIcon,
  fileUploadIcon,
  folderIcon,
  launcherIcon,
  linkIcon
} from '@jupyterlab/ui-components';
import { notebookIcon, workflowIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { datasetActions } from './actions';

const TABLES = '.csv .tsv .json .jsonl .ndjson .parquet .arrow .feather .xlsx .zip'.split(' ');

export function datasetCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof datasetActions>[] {
  return [
    {
      id: 'nbyard:upload-dataset',
      act: 'uploadDataset',
      label: trans.__('Upload Dataset…'),
      caption: trans.__('Upload files from this computer as datasets'),
      icon: fileUploadIcon,
      chooses: 'files'
    },
    {
      id: 'nbyard:upload-folder',
      act: 'uploadFolder',
      label: trans.__('Upload Folder…'),
      caption: trans.__('Upload a folder from this computer as one dataset'),
      icon: folderIcon,
      chooses: 'folder'
    },
    {
      id: 'nbyard:import-dataset',
      act: 'importDataset',
      label: trans.__('Dataset from URL…'),
      caption: trans.__('Fetch a dataset from an http or https address'),
      icon: linkIcon
    },
    {
      id: 'nbyard:register-dataset',
      act: 'registerDataset',
      label: trans.__('Register as Dataset'),
      icon: addIcon,
      files: TABLES
    },
    {
      id: 'nbyard:open-dataset',
      act: 'openDataset',
      label: trans.__('Open Dataset'),
      caption: trans.__('Rows, profile and versions of the dataset'),
      icon: launcherIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:notebook-from-dataset',
      act: 'notebookFromDataset',
      label: trans.__('New Notebook'),
      caption: trans.__('Create a notebook whose first cell opens the dataset'),
      icon: notebookIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:workflow-from-dataset',
      act: 'workflowFromDataset',
      label: trans.__('Use in New Workflow'),
      caption: trans.__('Create a workflow that starts with the dataset'),
      icon: workflowIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:download-dataset',
      act: 'downloadDataset',
      label: trans.__('Download'),
      caption: trans.__('Download the dataset as it was uploaded'),
      icon: downloadIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:replace-dataset',
      act: 'replaceDataset',
      label: trans.__('Upload New Version…'),
      icon: fileUploadIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:rename-dataset',
      act: 'renameDataset',
      label: trans.__('Rename Dataset…'),
      icon: editIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:copy-dataset-id',
      act: 'copyDatasetId',
      label: trans.__('Copy Dataset ID'),
      icon: copyIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:copy-dataset-digest',
      act: 'copyDatasetDigest',
      label: trans.__('Copy SHA-256'),
      icon: copyIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:delete-dataset',
      act: 'deleteDataset',
      label: trans.__('Delete Dataset…'),
      icon: deleteIcon,
      noun: 'dataset'
    }
  ];
}
