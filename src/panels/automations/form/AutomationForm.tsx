import { TranslationBundle } from '@jupyterlab/translation';
import { useEffect, useState } from 'react';
import { Automation, AutomationNotice } from '../../../api/types';
import { LinkButton } from '../../../components/Button';
import { useDialogDraft } from '../../../components/hooks/useDraft';
import { serverTime } from '../../../components/format/times';
import { useRuntimes } from '../../../forms/runtimes';
import { IField } from '../../../forms/schema/field';
import { declaredFields, Problems, Values, withoutProblem } from '../../../forms/schema/fields';
import { SchemaForm } from '../../../forms/schema/SchemaForm';
import { reasonText } from '../../../reasons';
import { AutomationNotices } from '../../channels/AutomationNotices';
import { Leave } from '../../frame/dialogs/launch';
import { IPanelServices } from '../../frame/services';
import { draftOf, IAutomationDraft, On, usualOverlap } from './draft';
import { DueTimes } from './DueTimes';
import { IOffered } from './offered';
import { ParameterFields } from './ParameterFields';
import { usePreview } from './preview';
import { RotateSecret } from './RotateSecret';

interface IAutomationFormProps {
  services: IPanelServices;
  /** Changed while the user types. */
  draft: IAutomationDraft;
  /** The automation to edit; one on times stays so, and an event stays one of its kind. */
  known?: Automation;
  offered: IOffered;
  problems: Problems;
  leave: Leave;
  /** Replace the secret of a webhook; return the new one. */
  onRotate?: () => Promise<string>;
}

/** What starts the runs of a file, what they use, and who is notified. */
export function AutomationForm(props: IAutomationFormProps): JSX.Element {
  const { services, draft, known, offered, leave, onRotate } = props;
  const { yard, trans } = services;
  const [shown, change] = useDialogDraft(draft);
  const { typed } = shown;
  const [refused, setRefused] = useState(props.problems);
  const runtimes = useRuntimes(offered.runtimes, String(typed['run.runtime']), trans);
  const answer = usePreview(services, 'automations.preview', previewed(typed, known));
  const kind = typed['on.kind'] as On['kind'];
  const { '': _, ...others } = refused; // general ones are shown above the form
  const problems = placed({ ...others, ...answer.refused }, kind);
  const fields = fieldsOf(typed, runtimes, known, trans);
  const changeAt = (part: Partial<IAutomationDraft>, path: string) => {
    setRefused(withoutProblem(refused, path));
    change(part);
  };
  const setTyped = (name: string, value: Values[string]) => {
    const more = name === 'on.kind' && {
      'on.path': '',
      overlap: usualOverlap(value as On['kind'])
    };
    const typed = { ...draft.typed, [name]: value, ...more };
    changeAt({ typed }, ['on.kind', 'on.text'].includes(name) ? 'on' : name);
  };
  return (
    <div className="nby-Form nby-Automation">
      {!known && <OtherAutomations {...{ services, leave }} automations={offered.automations} />}
      <SchemaForm
        {...{ fields, values: typed, problems, trans, client: yard.client }}
        widgets={{
          notices: ({ value, error, onChange }) => (
            <AutomationNotices
              {...{ services, error, onChange, leave }}
              notify={value as readonly AutomationNotice[]}
            />
          ),
          parameters: () => (
            <ParameterFields
              {...{ services, offered, draft, shown, problems }}
              onChange={changeAt}
            />
          )
        }}
        below={{
          'on.kind': kind === 'notebook' && (
            <p className="nby-Note">
              {trans.__('In a notebook: %1', `%nbyard fire ${typed.name || trans.__('NAME')}`)}
            </p>
          ),
          'on.text': <DueTimes {...{ services, answer }} />,
          'on.most_per_minute': onRotate && <RotateSecret {...{ services, onRotate }} />
        }}
        onChange={setTyped}
      />
    </div>
  );
}

/** Return the fields of the form, with what the server offers and what the values mean. */
function fieldsOf(
  typed: Values,
  [runtimes, note]: ReturnType<typeof useRuntimes>,
  known: Automation | undefined,
  trans: TranslationBundle
): IField[] {
  const declared = declaredFields('NewAutomation', trans);
  const usual = declared.find(({ name }) => name === 'missed.window_seconds')!.first;
  const late = spanText(Number(typed['missed.window_seconds'] ?? usual), trans);
  const parts: Record<string, (field: IField) => Partial<IField>> = {
    'on.kind': ({ labels = {} }) => ({
      labels: Object.fromEntries(
        Object.entries(labels).filter(([kind]) => !known || kind === typed['on.kind'])
      )
    }),
    'on.text': () => ({ isReplaced: true }),
    'run.runtime': ({ help }) => ({
      kind: 'choice',
      help: [help, note].filter(Boolean).join(' '),
      labels: Object.fromEntries(runtimes.map(name => [name, name]))
    }),
    'missed.policy': ({ labels = {} }) => ({
      labels: Object.fromEntries(
        Object.entries(labels).map(([policy, text]) => [policy, text.replace('%1', late)])
      )
    }),
    'missed.window_seconds': ({ first }) => ({ default: first }),
    'missed.most': ({ first }) => ({ default: first })
  };
  return declared.map(field => ({
    ...{ ...field, required: false },
    ...parts[field.name]?.(field)
  }));
}

/** Return messages by the fields that are shown. */
function placed(problems: Problems, kind: On['kind']): Problems {
  const isTime = kind === 'phrase';
  const placeOf = (path: string) =>
    isTime && /^(on\b.*|)$/.test(path) ? 'on.text' : path === 'on' ? 'on.kind' : path;
  return Object.fromEntries(
    Object.entries(problems).map(([path, message]) => [placeOf(path), message])
  );
}

/** Return the question for the next times; undefined if an event starts the runs. */
function previewed(typed: Values, known?: Automation) {
  if (typed['on.kind'] !== 'phrase') {
    return undefined;
  }
  const text = String(typed['on.text']);
  const isUnchanged = !!known?.timing && text === draftOf(known).typed['on.text'];
  const atMost = String(typed.at_most).trim();
  const body = {
    on: isUnchanged ? known.timing! : { kind: 'phrase' as const, text },
    zone: String(typed.zone),
    starts_at: serverTime(String(typed.starts_at)),
    ends_at: serverTime(String(typed.ends_at)),
    at_most: atMost ? Number(atMost) : null,
    automation: known?.id
  };
  return { body };
}

/** Return a span of time in its largest whole unit. */
function spanText(seconds: number, trans: TranslationBundle): string {
  if (seconds % 3600 === 0) {
    return trans.__('%1 h', seconds / 3600);
  }
  if (seconds % 60 === 0) {
    return trans.__('%1 min', seconds / 60);
  }
  return Number.isFinite(seconds) ? trans.__('%1 s', seconds) : '…';
}

interface IOtherAutomationsProps extends Pick<IOffered, 'automations'> {
  services: IPanelServices;
  leave: Leave;
}

/** The automations that the file has already, above the form of a new one. */
function OtherAutomations(props: IOtherAutomationsProps): JSX.Element {
  const { services, automations, leave } = props;
  const { commands, trans } = services;
  const [found, setFound] = useState<readonly Automation[]>([]);
  useEffect(() => void automations().then(setFound), [automations]);
  return (
    <>
      {found.map(({ id, name, sentence }) => (
        <p key={id} role="status">
          {trans.__('This file has an automation: %1', reasonText(sentence, trans) || name)}{' '}
          <LinkButton
            onClick={() => leave(() => commands.execute('nbyard:edit-automation', { id }))}
          >
            {trans.__('Edit')}
          </LinkButton>
        </p>
      ))}
    </>
  );
}
