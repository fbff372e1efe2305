import { CreateOrganization, OrganizationSwitcher } from '@clerk/nextjs'

export default function Page() {
  return <><OrganizationSwitcher afterSelectOrganizationUrl="/dashboard" /><CreateOrganization skipInvitationScreen afterCreateOrganizationUrl="/dashboard" /></>
}
