import { TranslationBundle } from '@jupyterlab/translation';

/** Return the arguments of commands about runs, as parts of JSON Schema. */
export function argumentsOf(trans: TranslationBundle) {
  const text = (description: string) => ({ type: 'string', description });
  const flag = (description: string) => ({ type: 'boolean', description });
  return {
    run: {
      properties: {
        id: text(trans.__('The run, by default the one that is shown')),
        shown: flag(trans.__('The run that Run Info shows')),
        force: flag(trans.__('Ignore the cache')),
        isKnown: flag(trans.__('Do not ask about changed code'))
      }
    },
    result: { properties: { id: text(trans.__('The ID of the result')) } },
    show: {
      properties: {
        id: text(trans.__('The run')),
        path: text(trans.__('The file of the task, by default that of the run')),
        node: text(trans.__('The task to show')),
        tab: text(trans.__('The tab to show: output, logs or resources')),
        quiet: flag(trans.__('Do not bring Run Info to the front')),
        keepFocus: flag(trans.__('Do not move the focus'))
      }
    },
    executed: {
      required: ['run', 'node'],
      properties: {
        run: text(trans.__('The run')),
        node: text(trans.__('The task')),
        label: text(trans.__('The name of the task'))
      }
    },
    files: {
      required: ['run', 'node'],
      properties: {
        run: text(trans.__('The run')),
        node: text(trans.__('The node that wrote them'))
      }
    }
  };
}
