import { OrganizationProfile } from '@clerk/nextjs'

export default function Page() {
  return <OrganizationProfile />
}
