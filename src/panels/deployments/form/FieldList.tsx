import { TranslationBundle } from '@jupyterlab/translation';
import { Port } from '../../../api/types';
import { CheckBox } from '../../../components/Button';
import { ISchemaFormProps, SchemaForm } from '../../../forms/schema/SchemaForm';
import { PortsField } from './PortsField';

/** The fields of a deployment: a few for everybody, and more on request. */
export function FieldList(props: ISchemaFormProps & { withHelp: boolean }): JSX.Element {
  const { fields, withHelp, trans } = props;
  const shown = withHelp ? fields : fields.map(field => ({ ...field, help: undefined }));
  return (
    <SchemaForm
      {...props}
      fields={shown}
      widgets={{
        ports: ({ field, value, problems, onChange }) => (
          <PortsField
            label={field.label}
            help={field.help}
            error={problems[field.name]}
            errors={problems}
            ports={value as readonly Port[]}
            trans={trans}
            onChange={onChange}
          />
        )
      }}
    />
  );
}

interface IHelpSwitchProps {
  isOn: boolean;
  trans: TranslationBundle;
  onChange: (isOn: boolean) => void;
}

export function HelpSwitch({ isOn, trans, onChange }: IHelpSwitchProps): JSX.Element {
  return (
    <CheckBox role="switch" checked={isOn} onChange={onChange}>
      {trans.__('Show help')}
    </CheckBox>
  );
}
