/** Fields that show and change one text or choice of an automation's draft. */
import { Problems } from '../../frame/dialogs/askUntilAccepted';
import { ChoiceField, IChoiceProps, ITextProps, TextField } from '../../frame/dialogs/PlainFields';
import { IPanelServices } from '../../frame/services';
import { IAutomationDraft } from './draft';

/** What all fields of the form need. */
export interface IFields {
  services: IPanelServices;
  shown: IAutomationDraft;
  /** The values that the messages are about. */
  sent: IAutomationDraft;
  problems: Problems;
  errorOf: (name: keyof IAutomationDraft) => string | undefined;
  change: (part: Partial<IAutomationDraft>) => void;
  onUnread: (at: string, why: string | undefined, text: string) => void;
}

type Text = {
  [Name in keyof IAutomationDraft]: IAutomationDraft[Name] extends string ? Name : never;
}[keyof IAutomationDraft];

type Of<Field> = Omit<Field, 'value' | 'trans' | 'onChange'> & { fields: IFields; name: Text };

const stateOf = ({ services, shown, errorOf, change }: IFields, name: Text) => ({
  value: shown[name],
  error: errorOf(name),
  trans: services.trans,
  onChange: (value: string) => change({ [name]: value })
});

export function DraftText({ fields, name, ...text }: Of<ITextProps>): JSX.Element {
  return <TextField {...stateOf(fields, name)} {...text} />;
}

interface IDraftChoiceProps extends Of<IChoiceProps> {
  /** Also changes other values. */
  onChange?: (value: string) => void;
}

export function DraftChoice({ fields, name, ...choice }: IDraftChoiceProps): JSX.Element {
  return <ChoiceField {...stateOf(fields, name)} {...choice} />;
}
