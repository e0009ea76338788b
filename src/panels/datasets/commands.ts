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
  const noun = 'dataset';
  return [
    {
      id: 'nbyard:upload-dataset',
      label: trans.__('Upload Dataset…'),
      caption: trans.__('Upload files from this computer as datasets'),
      icon: fileUploadIcon,
      chooses: 'files'
    },
    {
      id: 'nbyard:upload-folder',
      label: trans.__('Upload Folder…'),
      caption: trans.__('Upload a folder from this computer as one dataset'),
      icon: folderIcon,
      chooses: 'folder'
    },
    {
      id: 'nbyard:import-dataset',
      label: trans.__('Dataset from URL…'),
      caption: trans.__('Fetch a dataset from an http or https address'),
      icon: linkIcon
    },
    {
      id: 'nbyard:register-dataset',
      label: trans.__('Register as Dataset'),
      icon: addIcon,
      files: TABLES
    },
    {
      id: 'nbyard:open-dataset',
      label: trans.__('Open Dataset'),
      caption: trans.__('Rows, profile and versions of the dataset'),
      icon: launcherIcon,
      noun
    },
    {
      id: 'nbyard:notebook-from-dataset',
      label: trans.__('New Notebook'),
      caption: trans.__('Create a notebook whose first cell opens the dataset'),
      icon: notebookIcon,
      noun
    },
    {
      id: 'nbyard:workflow-from-dataset',
      label: trans.__('Use in New Workflow'),
      caption: trans.__('Create a workflow that starts with the dataset'),
      icon: workflowIcon,
      noun
    },
    {
      id: 'nbyard:download-dataset',
      label: trans.__('Download'),
      caption: trans.__('Download the dataset as it was uploaded'),
      icon: downloadIcon,
      noun
    },
    {
      id: 'nbyard:replace-dataset',
      label: trans.__('Upload New Version…'),
      icon: fileUploadIcon,
      noun
    },
    { id: 'nbyard:rename-dataset', label: trans.__('Rename Dataset…'), icon: editIcon, noun },
    { id: 'nbyard:copy-dataset-id', label: trans.__('Copy Dataset ID'), icon: copyIcon, noun },
    { id: 'nbyard:copy-dataset-digest', label: trans.__('Copy SHA-256'), icon: copyIcon, noun },
    { id: 'nbyard:delete-dataset', label: trans.__('Delete Dataset…'), icon: deleteIcon, noun }
  ];
}
