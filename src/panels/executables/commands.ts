import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  deleteIcon,
  editIcon,
  fileUploadIcon,
  launcherIcon,
  runIcon
} from '@jupyterlab/ui-components';
import { MODEL_FILES } from '../../document/called';
import { backgroundIcon } from '../../icons/startup';
import { IPanelCommand } from '../frame/command';
import type { executableActions } from './actions';

const CODE = ['.ipynb', '.py', '.sh', '.r', '.R', '.jl', '.cwl', ...MODEL_FILES];
const NOTEBOOKS = ['.ipynb', '.py', '.sh', '.R'];

export function executableCommands(
  trans: TranslationBundle
): IPanelCommand<keyof typeof executableActions>[] {
  const noun = 'executable';
  return [
    {
      id: 'nbyard:upload-executable',
      label: trans.__('Register Executable…'),
      caption: trans.__('Upload a notebook, script or binary and declare its parameters'),
      icon: addIcon,
      chooses: 'file'
    },
    {
      id: 'nbyard:register-executable',
      label: trans.__('Register as Executable…'),
      caption: trans.__('Read the parameters of this file and register it'),
      icon: addIcon,
      files: CODE
    },
    {
      id: 'nbyard:run-in-background',
      label: trans.__('Run in Background…'),
      caption: trans.__('Run a copy of this file with other parameters'),
      icon: backgroundIcon,
      files: NOTEBOOKS,
      front: true
    },
    {
      id: 'nbyard:open-executable',
      label: trans.__('Open Executable'),
      caption: trans.__('Parameters, test run and versions of the executable'),
      icon: launcherIcon,
      noun
    },
    { id: 'nbyard:test-executable', label: trans.__('Test Run…'), icon: runIcon, noun },
    {
      id: 'nbyard:edit-executable-source',
      act: 'editSource',
      label: trans.__('Edit Source'),
      caption: trans.__('Open the file of the executable, at the cell or line that failed'),
      icon: editIcon,
      noun,
      options: {
        cell: { type: 'number', description: trans.__('The cell to show, from 0') },
        line: { type: 'number', description: trans.__('The line in the cell, from 1') },
        lines: {
          type: 'object',
          description: trans.__('The line to show in each file, from 1, by file name')
        },
        path: {
          type: 'string',
          description: trans.__('The file to open instead')
        }
      }
    },
    { id: 'nbyard:rename-executable', label: trans.__('Rename Executable…'), icon: editIcon, noun },
    {
      id: 'nbyard:replace-executable',
      label: trans.__('Upload New Version…'),
      icon: fileUploadIcon,
      noun
    },
    {
      id: 'nbyard:copy-executable-id',
      label: trans.__('Copy Executable ID'),
      icon: copyIcon,
      noun
    },
    {
      id: 'nbyard:delete-executable',
      label: trans.__('Delete Executable…'),
      icon: deleteIcon,
      noun
    }
  ];
}
