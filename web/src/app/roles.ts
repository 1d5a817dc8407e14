import type { Role } from '../api/types'

export const roleNames: Record<Role, string> = { owner: 'Owner', admin: 'Admin', analyst: 'Analyst', viewer: 'Viewer' }

export const roleRights: Record<Role, string> = {
  owner: 'Everything, the organization itself included.',
  admin: 'Everything but the organization itself and its owners.',
  analyst: 'Asks questions, and keeps what was asked. Sees what was used and what it costs.',
  viewer: 'Asks questions.',
}

/** Whether a role may change sources, keys and members, and read the audit log. */
export const mayManage = (role: Role) => role === 'owner' || role === 'admin'

/** Whether a role may say what is watched, checks of the data and alerts, and look after incidents. */
export const mayWatch = (role: Role) => role !== 'viewer'

/** Whether a role may file requests about people, and see whom they are about. */
export const mayAnswerForPeople = (role: Role) => role === 'owner' || role === 'admin'

/** Whether a role may see what was used and what it costs. */
export const maySeeBilling = (role: Role) => role !== 'viewer'

/** Whether a role may change the plan, and pay. */
export const mayManageBilling = (role: Role) => role === 'owner' || role === 'admin'

/** Whether a role may change the organization's name and time zone. */
export const mayManageOrganization = (role: Role) => role === 'owner'

/** The roles that somebody may give: only owners make owners. */
export function rolesFor(mine: Role): Role[] {
  return mine === 'owner' ? ['owner', 'admin', 'analyst', 'viewer'] : ['admin', 'analyst', 'viewer']
}
