/** All actions of the panels as commands; their code is fetched on first use. */
import type { ISessionContext } from '@jupyterlab/apputils';
import { PathExt } from '@jupyterlab/coreutils';
import { TranslationBundle } from '@jupyterlab/translation';
import {
  addIcon,
  copyIcon,
  deleteIcon,
  downloadIcon,
  editIcon,
  fileUploadIcon,
  folderIcon,
  LabIcon,
  launcherIcon,
  linkIcon,
  runIcon
} from '@jupyterlab/ui-components';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import type { Widget } from '@lumino/widgets';
import { MODEL_FILES } from '../document/called';
import { notebookIcon, workflowIcon } from '../icons/startup';
import { pointed } from '../components/pointedRow';
import { chooseFiles } from '../components/chooseFiles';
import { deploymentCommands } from './deployments/commands';
import { environmentCommands } from './environments/commands';
import type { actions as Actions } from './lazy';
import { IPanelServices, selectedFiles } from './frame/services';

type Noun =
  | 'artifact'
  | 'credential'
  | 'dataset'
  | 'deployment'
  | 'environment'
  | 'executable'
  | 'kernel'
  | 'workflow';
type Action = keyof typeof Actions;

export interface IPanelCommand {
  id: string;
  act: Action;
  label: string;
  /** The label in the launcher. */
  tile?: string;
  caption?: string;
  icon?: LabIcon;
  /** The command acts on one item of this kind: its argument, or the row below the menu. */
  noun?: Noun;
  /** The command acts on files of the file browser with these suffixes; '' means any. */
  files?: readonly string[];
  /** The command first asks for files of the user's computer. */
  chooses?: 'file' | 'files' | 'folder';
  /** The required arguments of the command, with their descriptions by name. */
  args?: Readonly<Record<string, string>>;
}

export const CODE = ['.ipynb', '.py', '.sh', '.r', '.R', '.jl', '.cwl', ...MODEL_FILES];
const NOTEBOOKS = ['.ipynb', '.py', '.sh', '.R'];
export const TABLES = '.csv .tsv .json .jsonl .ndjson .parquet .arrow .feather .xlsx .zip'.split(
  ' '
);

export function panelCommands(trans: TranslationBundle): IPanelCommand[] {
  return [
    {
      id: 'nbyard:upload-dataset',
      act: 'uploadDataset',
      label: trans.__('Upload Dataset…'),
      caption: trans.__('Upload files of this computer as datasets'),
      icon: fileUploadIcon,
      chooses: 'files'
    },
    {
      id: 'nbyard:upload-folder',
      act: 'uploadFolder',
      label: trans.__('Upload Folder…'),
      caption: trans.__('Upload a folder of this computer as one dataset'),
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
      caption: trans.__('A notebook whose first cell opens the dataset'),
      icon: notebookIcon,
      noun: 'dataset'
    },
    {
      id: 'nbyard:workflow-from-dataset',
      act: 'workflowFromDataset',
      label: trans.__('Use in New Workflow'),
      caption: trans.__('A workflow that starts with the dataset'),
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
      label: trans.__('Copy Dataset Id'),
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
    },
    ...executableCommands(trans),
    ...artifactCommands(trans),
    ...environmentCommands(trans),
    ...deploymentCommands(trans),
    ...credentialCommands(trans)
  ];
}

function executableCommands(trans: TranslationBundle): IPanelCommand[] {
  return [
    {
      id: 'nbyard:upload-executable',
      act: 'uploadExecutable',
      label: trans.__('Register Executable…'),
      caption: trans.__('Upload a notebook, script or binary and describe its arguments'),
      icon: addIcon,
      chooses: 'file'
    },
    {
      id: 'nbyard:register-executable',
      act: 'registerExecutable',
      label: trans.__('Register as Executable…'),
      caption: trans.__('Read the arguments of this file and register it'),
      icon: addIcon,
      files: CODE
    },
    {
      id: 'nbyard:run-in-background',
      act: 'runInBackground',
      label: trans.__('Run in Background…'),
      caption: trans.__('Run a copy of this file with other parameters'),
      icon: runIcon,
      files: NOTEBOOKS
    },
    {
      id: 'nbyard:open-executable',
      act: 'openExecutable',
      label: trans.__('Open Executable'),
      caption: trans.__('Arguments, test run and versions of the executable'),
      icon: launcherIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:test-executable',
      act: 'testExecutable',
      label: trans.__('Test Run…'),
      icon: runIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:edit-executable-source',
      act: 'editSource',
      label: trans.__('Edit Source'),
      icon: editIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:rename-executable',
      act: 'renameExecutable',
      label: trans.__('Rename Executable…'),
      icon: editIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:replace-executable',
      act: 'replaceExecutable',
      label: trans.__('Upload New Version…'),
      icon: fileUploadIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:copy-executable-id',
      act: 'copyExecutableId',
      label: trans.__('Copy Executable Id'),
      icon: copyIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:delete-executable',
      act: 'deleteExecutable',
      label: trans.__('Delete Executable…'),
      icon: deleteIcon,
      noun: 'executable'
    },
    {
      id: 'nbyard:open-workflow',
      act: 'openWorkflow',
      label: trans.__('Open Workflow'),
      icon: launcherIcon,
      noun: 'workflow'
    }
  ];
}

function artifactCommands(trans: TranslationBundle): IPanelCommand[] {
  return [
    {
      id: 'nbyard:create-artifact',
      act: 'createArtifact',
      label: trans.__('New Artifact…'),
      caption: trans.__('Run an executable once and keep what it makes'),
      icon: addIcon
    },
    {
      id: 'nbyard:open-artifact',
      act: 'openArtifact',
      label: trans.__('Open Artifact'),
      icon: launcherIcon,
      noun: 'artifact'
    },
    {
      id: 'nbyard:download-artifact',
      act: 'downloadArtifact',
      label: trans.__('Download'),
      icon: downloadIcon,
      noun: 'artifact'
    },
    {
      id: 'nbyard:copy-artifact',
      act: 'copyArtifact',
      label: trans.__('Make Another…'),
      icon: copyIcon,
      noun: 'artifact'
    },
    {
      id: 'nbyard:delete-artifact',
      act: 'deleteArtifact',
      label: trans.__('Delete Artifact…'),
      icon: deleteIcon,
      noun: 'artifact'
    }
  ];
}

function credentialCommands(trans: TranslationBundle): IPanelCommand[] {
  return [
    {
      id: 'nbyard:create-credential',
      act: 'createCredential',
      label: trans.__('New Credential…'),
      caption: trans.__('Keep a token, password or login under a name'),
      icon: addIcon
    },
    {
      id: 'nbyard:replace-credential',
      act: 'replaceCredential',
      label: trans.__('Replace Credential…'),
      icon: editIcon,
      noun: 'credential'
    },
    {
      id: 'nbyard:delete-credential',
      act: 'deleteCredential',
      label: trans.__('Delete Credential…'),
      icon: deleteIcon,
      noun: 'credential'
    }
  ];
}

/** Register the commands; return the ids for the palette. */
export function addPanelCommands(services: IPanelServices): string[] {
  const { app, commands, browser, trans } = services;
  const table = panelCommands(trans);
  const viewed = (noun: Noun) => {
    if (noun === 'kernel') {
      return kernelOf(app.shell.currentWidget);
    }
    const views = noun === 'workflow' || noun === 'credential' ? null : services.views[noun];
    const view = views?.currentWidget;
    return view && view === app.shell.currentWidget ? view.content.target.id : undefined;
  };
  for (const command of table) {
    const { id, act, label, tile, caption, icon, noun, files, chooses, args: told } = command;
    const said = (args: ReadonlyPartialJSONObject) => Object.keys(told ?? {}).map(n => args[n]);
    const paths = (args: ReadonlyPartialJSONObject) =>
      typeof args.path === 'string' ? [args.path] : selectedFiles(browser);
    const fits = (path: string) =>
      files!.includes(PathExt.extname(path)) || files!.includes(PathExt.basename(path));
    const target = (args: ReadonlyPartialJSONObject) =>
      typeof args.id === 'string' ? args.id : noun && (pointed(app, noun) ?? viewed(noun));
    commands.addCommand(id, {
      label: args => (args.isTile && tile) || label,
      caption: caption ?? label,
      icon,
      describedBy: {
        args: {
          type: 'object',
          properties: files
            ? { path: { type: 'string', description: trans.__('The file') } }
            : noun
              ? { id: { type: 'string', description: trans.__('Its id; of a kernel, its name') } }
              : texts(told)
        }
      },
      isEnabled: args =>
        noun ? !!target(args) : files ? paths(args).some(fits) : said(args).every(Boolean),
      isVisible: args => (files ? paths(args).some(fits) : said(args).every(Boolean)),
      execute: async args => {
        const [{ actions }, chosen] = await Promise.all([
          import('./lazy'),
          chooses ? chooseFiles(chooses) : []
        ]);
        const about = told ? said(args).map(String) : [target(args) ?? ''];
        const given = files ? paths(args).filter(fits) : about;
        return actions[act](services, given, chosen);
      }
    });
  }
  return table.map(({ id }) => id);
}

/** Return the kernel name of a notebook or console. */
function kernelOf(widget: (Widget & { sessionContext?: ISessionContext }) | null) {
  return widget?.sessionContext?.session?.kernel?.name;
}

/** Return text arguments as JSON schema. */
function texts(told: IPanelCommand['args'] = {}) {
  const described = Object.entries(told).map(([name, description]) => [
    name,
    { type: 'string', description }
  ]);
  return Object.fromEntries(described);
}
