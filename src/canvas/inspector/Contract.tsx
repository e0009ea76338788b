import { Dialog, showDialog } from '@jupyterlab/apputils';
import { TranslationBundle } from '@jupyterlab/translation';
import { useState } from 'react';
import { LinkButton } from '../../components/Button';
import { isObject, Json, JsonObject } from '../../document/canonical';
import { FormBody, REFUSED } from '../../forms/FormBody';
import {
  bodyOf,
  declaredFields,
  Problems,
  Typed,
  typedValues,
  unreadFields,
  visibleFields
} from '../../forms/schema/fields';
import { SchemaForm } from '../../forms/schema/SchemaForm';
import { CanvasController } from '../model/controller';
import { useCanvas, useFields } from '../model/hooks';
import { ruleText } from './ruleText';

interface IContractProps {
  id: string;
  output: string;
  readOnly: boolean;
}

/** The rules for an output of a node: shown, added in a form, or proposed from earlier runs. */
export function Contract({ id, output, readOnly }: IContractProps): JSX.Element | null {
  const canvas = useCanvas();
  const { trans } = canvas;
  const rules = rulesFor(useFields(id), output);
  const store = (changed: readonly JsonObject[]) => storeRules(canvas, id, output, changed);
  const add = async () => {
    const rule = await askRule(canvas, output);
    if (rule) {
      store([...rulesFor(canvas.doc.node(id), output), rule]);
    }
  };
  return (
    <>
      {rules.length > 0 && (
        <ul className="nby-Arrows" aria-label={trans.__('Contract of %1', output)}>
          {rules.map((rule, place) => (
            <li key={place}>
              <span>{ruleText(rule, trans)}</span>
              {!readOnly && (
                <LinkButton
                  aria-label={trans.__('Remove %1', ruleText(rule, trans))}
                  onClick={() => store(rules.filter(other => other !== rule))}
                >
                  {trans.__('Remove')}
                </LinkButton>
              )}
            </li>
          ))}
        </ul>
      )}
      {!readOnly && (
        <p className="nby-Field-help">
          <LinkButton aria-label={trans.__('Contract of %1…', output)} onClick={() => void add()}>
            {trans.__('Contract…')}
          </LinkButton>{' '}
          <LinkButton
            aria-label={trans.__('Propose a contract of %1 from earlier runs', output)}
            onClick={() => void acceptProposal(canvas, id, output)}
          >
            {trans.__('Propose from Earlier Runs')}
          </LinkButton>
        </p>
      )}
    </>
  );
}

function rulesFor(fields: JsonObject | undefined, output: string): JsonObject[] {
  const contracts = fields?.contracts;
  const rules = isObject(contracts) ? contracts[output] : undefined;
  return Array.isArray(rules) ? rules.filter(isObject) : [];
}

function storeRules(
  { doc }: CanvasController,
  id: string,
  output: string,
  rules: readonly JsonObject[]
): void {
  const known = doc.node(id)?.contracts;
  const { [output]: _, ...others } = isObject(known) ? known : {};
  const contracts = rules.length ? { ...others, [output]: rules as Json } : others;
  doc.setField(id, 'contracts', Object.keys(contracts).length ? contracts : undefined);
}

/** Ask for a rule in the form that the server declares; undefined if the user cancels. */
async function askRule(
  { trans }: CanvasController,
  output: string
): Promise<JsonObject | undefined> {
  const fields = declaredFields('ProposedRule', trans);
  const start = { rule: 'columns', level: 'stop', type: 'string', figure: 'rows' };
  const values = typedValues(fields, { rule: start });
  let problems: Problems = {};
  for (;;) {
    const { button } = await showDialog({
      title: trans.__('Contract of %1', output),
      body: new FormBody(<RuleForm {...{ fields, values, problems, trans }} />),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Add') })],
      focusNodeSelector: Object.keys(problems).length ? REFUSED : 'select'
    });
    if (!button.accept) {
      return undefined;
    }
    const blank = visibleFields(fields, values).filter(
      ({ name, required }) => required && !String(values[name] ?? '').trim()
    );
    const needed = blank.map(({ name }) => [name, trans.__('Enter a value.')]);
    problems = { ...unreadFields(fields, values, trans), ...Object.fromEntries(needed) };
    if (!Object.keys(problems).length) {
      return plainRule(bodyOf<{ rule: JsonObject }>(fields, values).rule);
    }
  }
}

interface IRuleFormProps {
  fields: ReturnType<typeof declaredFields>;
  /** Changed while the user types. */
  values: Record<string, Typed | undefined>;
  problems: Problems;
  trans: TranslationBundle;
}

function RuleForm({ fields, values, problems, trans }: IRuleFormProps): JSX.Element {
  const [shown, show] = useState(values);
  return (
    <div className="nby-Form">
      <SchemaForm
        {...{ fields, problems, trans }}
        values={shown}
        onChange={(name, value) => {
          values[name] = value;
          show({ ...values });
        }}
      />
    </div>
  );
}

/** Return a rule without what it would have anyway; bounds that are numbers become numbers. */
function plainRule(rule: JsonObject): JsonObject {
  const given = Object.entries(rule).filter(
    ([, value]) => !['', null, false, 'stop'].includes(value as string)
  );
  const plain = given.map(([name, value]) => {
    const isNumber = ['min', 'max'].includes(name) && Number.isFinite(Number(value));
    return [name, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(plain) as JsonObject;
}

const subjectOf = ({ rule, column, columns, name }: JsonObject) =>
  JSON.stringify([rule, rule !== 'columns' && (column ?? columns ?? name)]);

/** Show the proposed rules with their reasons; one click adds them. */
async function acceptProposal(canvas: CanvasController, id: string, output: string): Promise<void> {
  const { path, services, trans } = canvas;
  const known = new Set(rulesFor(canvas.doc.node(id), output).map(subjectOf));
  try {
    const proposed = (await services.backend?.propose(path, id, output)) ?? [];
    const fresh = proposed.filter(({ rule }) => !known.has(subjectOf(rule)));
    if (!fresh.length) {
      canvas.say(trans.__('The contract of %1 has all proposed rules.', output));
      return;
    }
    const { button } = await showDialog({
      title: trans.__('Proposed Contract of %1', output),
      body: new FormBody(
        <ul className="nby-Arrows">
          {fresh.map(({ rule, reason }) => (
            <li key={ruleText(rule, trans)}>
              <span>
                {ruleText(rule, trans)} <span className="nby-Field-help">{reason}</span>
              </span>
            </li>
          ))}
        </ul>,
        '.jp-mod-accept'
      ),
      buttons: [Dialog.cancelButton(), Dialog.okButton({ label: trans.__('Accept') })]
    });
    if (button.accept) {
      const present = rulesFor(canvas.doc.node(id), output);
      storeRules(canvas, id, output, [...present, ...fresh.map(({ rule }) => rule)]);
    }
  } catch (error) {
    canvas.say(error instanceof Error ? error.message : String(error), true);
  }
}
