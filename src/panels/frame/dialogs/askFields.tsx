/** A dialog with a form that is drawn from a list of fields. */
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { IRequest } from '../../../api/operations';
import { useDialogDraft } from '../../../components/hooks/useDraft';
import { Refusal } from '../../../components/text/messages';
import { IField } from '../../../forms/schema/field';
import {
  bodyOf,
  Problems,
  Typed,
  typedValues,
  unreadFields,
  Values,
  withHiddenPasswords,
  withoutSecrets
} from '../../../forms/schema/fields';
import { ISchemaFormProps, SchemaForm } from '../../../forms/schema/SchemaForm';
import { IPanelServices } from '../services';
import { askUntilAccepted } from './askUntilAccepted';

/** What the dialog calls; it needs no more of the services. */
export type IAsker = Pick<IPanelServices, 'trans'> & {
  yard: { client: Pick<IPanelServices['yard']['client'], 'call'> };
};

interface IAsked<T, Body extends object> extends Pick<ISchemaFormProps, 'widgets'> {
  title: string;
  ok: string;
  fields: readonly IField[];
  /** The item to edit, whose fixed fields are not shown. */
  known?: object;
  /** The values that a new item has at first, beside those of its fields. */
  start?: object;
  /** Return the request that stores the values of the form. */
  request: (body: Body) => IRequest;
  /** The collection that gets the stored item. */
  into?: { put: (item: T) => void };
  /** Sends the values, if more than the request is needed. */
  send?: (body: Body) => Promise<T | undefined>;
  className?: string;
  /** Selects what gets the focus, instead of the first field. */
  first?: string;
  /** Return what is shown below fields, by their names. */
  below?: (values: Values, refuse: (problems: Problems) => void) => ISchemaFormProps['below'];
  /** Return the part of the values that may be stored for a reload; passwords never are. */
  stored?: (values: Values) => Values;
}

/** Return the field of a dialog that renames an item. */
export function nameField(trans: TranslationBundle): IField {
  return { name: 'name', kind: 'text', label: trans.__('Name'), isReplaced: true };
}

/** Return what the server stored; undefined if the user cancels. */
export async function askFields<T, Body extends object>(
  { yard, trans }: IAsker,
  asked: IAsked<T, Body>
): Promise<T | undefined> {
  const { title, ok, known, start, first, into, request, send } = asked;
  const { client } = yard;
  const fields = known ? asked.fields.filter(({ fixed }) => !fixed) : asked.fields;
  const draft = typedValues(asked.fields, known ?? start);
  const check = () => unreadFields(fields, draft, trans);
  const bodyWith = (values: Values) => bodyOf<Body>(fields, values);
  const call = ({ id, question }: IRequest) => client.call(id, question as never) as Promise<T>;
  const stored = await askUntilAccepted<T | undefined>({
    ...{ title, ok, draft, first, check, trans },
    form: problems => <Form {...{ asked, client, draft, fields, problems, trans }} />,
    send: () => send?.(bodyWith(draft)) ?? call(request(bodyWith(draft))),
    spelling: {
      client,
      request: () =>
        Object.keys(check()).length
          ? undefined
          : request(bodyWith(withHiddenPasswords(fields, draft)))
    }
  });
  if (stored) {
    into?.put(stored);
  }
  return stored;
}

interface IFormProps extends Pick<ISchemaFormProps, 'client' | 'fields' | 'problems' | 'trans'> {
  asked: Pick<IAsked<never, never>, 'known' | 'below' | 'widgets' | 'className' | 'stored'>;
  /** Changed while the user types. */
  draft: Record<string, Typed | undefined>;
}

function Form({ asked, draft, ...form }: IFormProps): JSX.Element {
  const { known, below, widgets, className = '', stored = all => all } = asked;
  const [values, change] = useDialogDraft(draft, all => stored(withoutSecrets(form.fields, all)));
  const [problems, setProblems] = useState(form.problems);
  const [isOpen] = useState(
    () => !!known && form.fields.some(({ name, more }) => more && String(values[name] ?? ''))
  );
  return (
    <div className={`nby-Form ${className}`}>
      {problems !== form.problems && <Refusal>{problems['']}</Refusal>}
      <SchemaForm
        {...{ ...form, values, problems, widgets, isOpen }}
        below={below?.(values, setProblems)}
        onChange={(name, value) => change({ [name]: value })}
      />
    </div>
  );
}
