import { closeIcon } from '@jupyterlab/ui-components';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReactNode } from 'react';
import { Button } from '../../../components/Button';
import { Table } from '../../../components/table/Table';
import { FieldError } from '../../../components/text/messages';
import { classText, OUTPUT_CLASSES, OutputClass, VALUE_TYPES } from '../../../document/arguments';
import {
  addedDraft,
  errorOf,
  isTold,
  IDraft,
  nextPosition,
  ReachKind,
  tellsArguments,
  usualWord
} from './draft';

interface IArgumentTableProps {
  drafts: readonly IDraft[];
  /** For a notebook, the parameters cell determines names and defaults. */
  kind: string;
  errors: Readonly<Record<string, string>>;
  trans: TranslationBundle;
  onChange: (drafts: readonly IDraft[]) => void;
}

/** The arguments of an executable, each as a row of fields. */
export function ArgumentTable(props: IArgumentTableProps): JSX.Element {
  const { drafts, kind, trans, onChange } = props;
  const isCommand = !tellsArguments(kind);
  const removal = <span className="nby-Sr">{trans.__('Remove')}</span>;
  const heads = [
    trans.__('Name'),
    trans.__('Role'),
    trans.__('Type'),
    trans.__('Format'),
    trans.__('Required'),
    trans.__('Default'),
    ...(isCommand ? [trans.__('How it is passed'), trans.__('Flag or position'), removal] : [])
  ];
  const change = (index: number, part: Partial<IDraft>) =>
    onChange(drafts.map((draft, at) => (at === index ? { ...draft, ...part } : draft)));
  return (
    <div className="nby-Arguments">
      <Table heads={heads}>
        {drafts.map((draft, index) => (
          <ArgumentRow
            key={draft.key}
            {...props}
            draft={draft}
            index={index}
            isCommand={isCommand}
            change={part => change(index, part)}
            remove={() => onChange(drafts.filter((_, at) => at !== index))}
          />
        ))}
      </Table>
      {isCommand && (
        <Button onClick={() => onChange([...drafts, addedDraft()])}>
          {trans.__('Add a Parameter')}
        </Button>
      )}
    </div>
  );
}

interface IArgumentRowProps extends IArgumentTableProps {
  draft: IDraft;
  index: number;
  isCommand: boolean;
  change: (part: Partial<IDraft>) => void;
  remove: () => void;
}

function ArgumentRow(props: IArgumentRowProps): JSX.Element {
  const { draft, drafts, index, isCommand, errors, trans, change, remove } = props;
  const who = draft.name || trans.__('parameter %1', index + 1);
  const error = (field: string) => errorOf(errors, index, field);
  const says = (field: string) => trans.__('%1 of %2', field, who);
  const isFile = draft.role !== 'value';
  const hasWords = !['', 'stdin', 'stdout', 'stderr', 'told'].includes(draft.reach);
  return (
    <>
      <tr>
        <Field error={error('name')}>
          {isCommand ? (
            <input
              aria-label={says(trans.__('Name'))}
              value={draft.name}
              spellCheck={false}
              onChange={event => change({ name: event.target.value })}
            />
          ) : (
            <code>{draft.name}</code>
          )}
        </Field>
        <Field error={error('role')}>
          <select
            aria-label={says(trans.__('Role'))}
            value={draft.outputClass ? `output:${draft.outputClass}` : draft.role}
            onChange={event => {
              const [role, outputClass = ''] = event.target.value.split(':');
              change({
                role: role as IDraft['role'],
                outputClass: outputClass as OutputClass | ''
              });
            }}
          >
            <option value="value">{trans.__('value')}</option>
            <option value="input">{trans.__('input file')}</option>
            <option value="output">{trans.__('output file')}</option>
            {OUTPUT_CLASSES.map(each => (
              <option key={each} value={`output:${each}`}>
                {trans.__('output: %1', classText(each, trans))}
              </option>
            ))}
          </select>
        </Field>
        <Field error={error('type') ?? error('choices')}>
          <select
            aria-label={says(trans.__('Type'))}
            value={isFile ? 'string' : draft.type}
            disabled={isFile}
            onChange={event => change({ type: event.target.value as IDraft['type'] })}
          >
            {VALUE_TYPES.map(type => (
              <option key={type} value={type}>
                {type}
              </option>
            ))}
          </select>
          {!isFile && draft.type === 'choice' && (
            <input
              aria-label={says(trans.__('Choices'))}
              value={draft.choices}
              placeholder={trans.__('fast, exact')}
              title={trans.__('Words separated by commas, or a JSON list')}
              spellCheck={false}
              onChange={event => change({ choices: event.target.value })}
            />
          )}
        </Field>
        <Field error={error('format')}>
          <input
            className="nby-mod-short"
            aria-label={says(trans.__('Format'))}
            value={draft.format}
            placeholder={isFile ? trans.__('any') : ''}
            disabled={!isFile}
            onChange={event => change({ format: event.target.value })}
          />
        </Field>
        <Field error={error('required')}>
          <input
            type="checkbox"
            aria-label={says(trans.__('Required'))}
            checked={draft.required}
            onChange={event => change({ required: event.target.checked })}
          />
        </Field>
        <Field error={error('default')}>
          <input
            aria-label={says(trans.__('Default'))}
            value={draft.default}
            placeholder={draft.hasDefault ? '' : trans.__('none')}
            readOnly={!isCommand}
            spellCheck={false}
            onChange={event =>
              change({ default: event.target.value, hasDefault: event.target.value !== '' })
            }
          />
        </Field>
        {isCommand && (
          <>
            <Field error={error('reach')}>
              <select
                aria-label={says(trans.__('How it is passed'))}
                value={draft.reach}
                onChange={event => change({ reach: event.target.value as ReachKind })}
              >
                <option value="">{trans.__('not passed')}</option>
                <option value="option">{trans.__('--name VALUE')}</option>
                <option value="joined">{trans.__('--name=VALUE')}</option>
                <option value="either">{trans.__('--name VALUE or --name=-VALUE')}</option>
                <option value="words">{trans.__('--name VALUE VALUE')}</option>
                <option value="flag">{trans.__('flag')}</option>
                <option value="positional">{trans.__('by position')}</option>
                <option value="separated">{trans.__('by position, after --')}</option>
                <option value="variable">{trans.__('environment variable')}</option>
                <option value="stdin">{trans.__('standard input')}</option>
                <option value="stdout">{trans.__('standard output')}</option>
                <option value="stderr">{trans.__('standard error')}</option>
                {isTold(draft.own) && (
                  <option value="told">{trans.__('as its file declares')}</option>
                )}
                <option value="handed">{trans.__('by the code')}</option>
              </select>
            </Field>
            <Field>
              <input
                className="nby-mod-short"
                aria-label={says(trans.__('Flag or position'))}
                value={hasWords ? draft.word : ''}
                disabled={!hasWords}
                spellCheck={false}
                placeholder={
                  usualWord(draft) ||
                  {
                    option: '--name',
                    joined: '--name',
                    either: '--name',
                    words: '--name',
                    flag: '--flag',
                    positional: nextPosition(drafts, index),
                    separated: nextPosition(drafts, index),
                    variable: 'NAME'
                  }[draft.reach as string]
                }
                onChange={event => change({ word: event.target.value })}
              />
            </Field>
          </>
        )}
        {isCommand && (
          <td>
            <Button
              className="nby-mod-bare"
              aria-label={trans.__('Remove %1', who)}
              title={trans.__('Remove %1', who)}
              onClick={remove}
            >
              <closeIcon.react tag="span" className="nby-Icon" />
            </Button>
          </td>
        )}
      </tr>
      <tr className="nby-Arguments-help">
        <Field error={error('help')} span={isCommand ? 9 : 6}>
          <input
            aria-label={says(trans.__('Help'))}
            placeholder={trans.__('Help')}
            title={draft.help}
            value={draft.help}
            onChange={event => change({ help: event.target.value })}
          />
        </Field>
      </tr>
    </>
  );
}

interface IFieldProps {
  error?: string;
  span?: number;
  children: ReactNode;
}

function Field({ error, span, children }: IFieldProps): JSX.Element {
  return (
    <td colSpan={span} className={error ? 'nby-mod-invalid' : undefined}>
      {children}
      <FieldError>{error}</FieldError>
    </td>
  );
}
