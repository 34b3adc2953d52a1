package identity

// Where the data of a storage account and of a SignalR service are, in the words of actions.
const (
	blobServices  = "Microsoft.Storage/storageAccounts/blobServices/"
	queueServices = "Microsoft.Storage/storageAccounts/queueServices/"
	tableServices = "Microsoft.Storage/storageAccounts/tableServices/"

	signalR = "Microsoft.SignalRService/SignalR/"

	delegationKey = blobServices + "generateUserDelegationKey/action"
)

// BuiltInRoles are the roles of Azure that concern what a node has, with the
// names, GUIDs and permissions that Azure publishes ("Azure built-in roles",
// Azure role-based access control documentation).
func BuiltInRoles() []RoleDefinition {
	return append(generalRoles(), storageRoles()...)
}

func generalRoles() []RoleDefinition {
	return []RoleDefinition{
		{
			ID: "8e3af657-a8ff-443c-a75c-2fe8c4bcb635", Name: "Owner",
			Description: "Manages all resources and who may use them.",
			Actions:     []string{"*"},
		},
		{
			ID: "b24988ac-6180-42a0-ab88-20f7382dd24c", Name: "Contributor",
			Description: "Manages all resources, but not who may use them.",
			Actions:     []string{"*"},
			NotActions: []string{
				"Microsoft.Authorization/*/Delete",
				"Microsoft.Authorization/*/Write",
				"Microsoft.Authorization/elevateAccess/Action",
				"Microsoft.Blueprint/blueprintAssignments/write",
				"Microsoft.Blueprint/blueprintAssignments/delete",
				"Microsoft.Compute/galleries/share/action",
				"Microsoft.Purview/consents/write",
				"Microsoft.Purview/consents/delete",
				"Microsoft.Resources/deploymentStacks/manageDenySetting/action",
				"Microsoft.Subscription/cancel/action",
				"Microsoft.Subscription/enable/action",
			},
		},
		{
			ID: "acdd72a7-3385-48ef-bd42-f606fba81ae7", Name: "Reader",
			Description: "Sees all resources and changes nothing.",
			Actions:     []string{"*/read"},
		},
		{
			ID: "43d0d8ad-25c7-4714-9337-8ba259a9fe05", Name: "Monitoring Reader",
			Description: "Reads all monitoring data.",
			Actions: []string{
				"*/read",
				"Microsoft.OperationalInsights/workspaces/search/action",
				"Microsoft.Support/*",
			},
		},
		{
			ID: "749f88d5-cbae-40b8-bcfc-e573ddc772fa", Name: "Monitoring Contributor",
			Description: "Reads all monitoring data and changes monitoring settings.",
			Actions:     monitoringContributorActions(),
		},
		{
			ID: "8cf5e20a-e4b2-4e9d-b3a1-5ceb692c2761", Name: "SignalR/Web PubSub Contributor",
			Description: "Makes, changes and deletes SignalR services.",
			Actions: []string{
				"Microsoft.SignalRService/*",
				"Microsoft.Authorization/*/read",
				"Microsoft.Insights/alertRules/*",
				"Microsoft.Resources/deployments/*",
				"Microsoft.Resources/subscriptions/resourceGroups/read",
				"Microsoft.Support/*",
			},
		},
		{
			ID: "04165923-9d83-45d5-8227-78b77b0a687e", Name: "SignalR AccessKey Reader",
			Description: "Reads the access keys of SignalR services.",
			Actions: []string{
				"Microsoft.SignalRService/*/read",
				"Microsoft.SignalRService/SignalR/listkeys/action",
				"Microsoft.Authorization/*/read",
				"Microsoft.Resources/subscriptions/resourceGroups/read",
				"Microsoft.Support/*",
			},
		},
		{
			ID: "420fcaa2-552c-430f-98ca-3264be4806c7", Name: "SignalR App Server",
			Description: "Connects to a SignalR service as an application server.",
			DataActions: []string{
				signalR + "auth/accessKey/action",
				signalR + "serverConnection/write",
				signalR + "clientConnection/write",
			},
		},
		{
			ID: "fd53cd77-2268-407a-8f46-7e7863d0f521", Name: "SignalR REST API Owner",
			Description: "Uses the whole REST API of a SignalR service.",
			DataActions: []string{
				signalR + "auth/clientToken/action", signalR + "hub/*", signalR + "group/*", signalR + "clientConnection/*", signalR + "user/*",
			},
		},
		{
			ID: "ddde6b66-c0df-4114-a159-3618637b3035", Name: "SignalR REST API Reader",
			Description: "Asks the REST API of a SignalR service what there is.",
			DataActions: []string{signalR + "group/read", signalR + "clientConnection/read", signalR + "user/read"},
		},
		{
			ID: "7e4f1700-ea5a-4f59-8f37-079cfe29dce3", Name: "SignalR Service Owner",
			Description: "Does everything with the connections of a SignalR service.",
			DataActions: []string{signalR + "*"},
		},
		{
			ID: "3913510d-42f4-4e42-8a64-420c390055eb", Name: "Monitoring Metrics Publisher",
			Description: "Posts metrics and logs.",
			Actions: []string{
				"Microsoft.Insights/Register/Action",
				"Microsoft.Support/*",
				"Microsoft.Resources/subscriptions/resourceGroups/read",
			},
			DataActions: []string{
				"Microsoft.Insights/Metrics/Write",
				"Microsoft.Insights/Telemetry/Write",
			},
		},
		{
			ID: "73c42c96-874c-492b-b04d-ab87d138a893", Name: "Log Analytics Reader",
			Description: "Reads and searches all monitoring data and sees monitoring settings.",
			Actions: []string{
				"*/read",
				"Microsoft.OperationalInsights/workspaces/analytics/query/action",
				"Microsoft.OperationalInsights/workspaces/search/action",
				"Microsoft.Support/*",
			},
			NotActions: []string{"Microsoft.OperationalInsights/workspaces/sharedKeys/read"},
		},
		{
			ID: "92aaf0da-9dab-42b6-94a3-d43ce8d16293", Name: "Log Analytics Contributor",
			Description: "Reads all monitoring data, changes monitoring settings and manages workspaces.",
			Actions: []string{
				"*/read",
				"Microsoft.ClassicCompute/virtualMachines/extensions/*",
				"Microsoft.ClassicStorage/storageAccounts/listKeys/action",
				"Microsoft.Compute/virtualMachines/extensions/*",
				"Microsoft.HybridCompute/machines/extensions/write",
				"Microsoft.Insights/alertRules/*",
				"Microsoft.Insights/diagnosticSettings/*",
				"Microsoft.OperationalInsights/*",
				"Microsoft.OperationsManagement/*",
				"Microsoft.Resources/deployments/*",
				"Microsoft.Resources/subscriptions/resourcegroups/deployments/*",
				"Microsoft.Storage/storageAccounts/listKeys/action",
				"Microsoft.Support/*",
			},
		},
	}
}

func monitoringContributorActions() []string {
	return []string{
		"*/read",
		"Microsoft.AlertsManagement/actionRules/*",
		"Microsoft.AlertsManagement/alerts/*",
		"Microsoft.AlertsManagement/alertsSummary/*",
		"Microsoft.AlertsManagement/investigations/*",
		"Microsoft.AlertsManagement/issues/*",
		"Microsoft.AlertsManagement/migrateFromSmartDetection/*",
		"Microsoft.AlertsManagement/prometheusRuleGroups/*",
		"Microsoft.AlertsManagement/smartDetectorAlertRules/*",
		"Microsoft.AlertsManagement/smartGroups/*",
		"Microsoft.Insights/actiongroups/*",
		"Microsoft.Insights/activityLogAlerts/*",
		"Microsoft.Insights/AlertRules/*",
		"Microsoft.Insights/components/*",
		"Microsoft.Insights/createNotifications/*",
		"Microsoft.Insights/dataCollectionEndpoints/*",
		"Microsoft.Insights/dataCollectionRuleAssociations/*",
		"Microsoft.Insights/dataCollectionRules/*",
		"Microsoft.Insights/DiagnosticSettings/*",
		"Microsoft.Insights/eventtypes/*",
		"Microsoft.Insights/LogDefinitions/*",
		"Microsoft.Insights/metricalerts/*",
		"Microsoft.Insights/MetricDefinitions/*",
		"Microsoft.Insights/Metrics/*",
		"Microsoft.Insights/notificationStatus/*",
		"Microsoft.Insights/privateLinkScopeOperationStatuses/*",
		"Microsoft.Insights/privateLinkScopes/*",
		"Microsoft.Insights/Register/Action",
		"Microsoft.Insights/scheduledqueryrules/*",
		"Microsoft.Insights/webtests/*",
		"Microsoft.Insights/workbooks/*",
		"Microsoft.Insights/workbooktemplates/*",
		"Microsoft.Monitor/accounts/*",
		"Microsoft.Monitor/investigations/*",
		"Microsoft.Monitor/settings/*",
		"Microsoft.OperationalInsights/locations/workspaces/failover/action",
		"Microsoft.OperationalInsights/workspaces/failback/action",
		"Microsoft.OperationalInsights/workspaces/intelligencepacks/*",
		"Microsoft.OperationalInsights/workspaces/savedSearches/*",
		"Microsoft.OperationalInsights/workspaces/search/action",
		"Microsoft.OperationalInsights/workspaces/sharedKeys/action",
		"Microsoft.OperationalInsights/workspaces/sharedKeys/read",
		"Microsoft.OperationalInsights/workspaces/storageinsightconfigs/*",
		"Microsoft.OperationalInsights/workspaces/write",
		"Microsoft.Resources/deployments/*",
		"Microsoft.Support/*",
	}
}

func storageRoles() []RoleDefinition {
	const (
		blobs    = blobServices + "containers/blobs/"
		messages = queueServices + "queues/messages/"
		entities = tableServices + "tables/entities/"
	)
	return []RoleDefinition{
		{
			ID: "b7e6dc6d-f1e8-4753-8033-0f276bb0955b", Name: "Storage Blob Data Owner",
			Description: "Does everything with containers and blobs, access control lists included.",
			Actions:     []string{blobServices + "containers/*", delegationKey},
			DataActions: []string{blobs + "*"},
		},
		{
			ID: "ba92f5b4-2d11-453d-a403-e96b0029c9fe", Name: "Storage Blob Data Contributor",
			Description: "Reads, writes and deletes containers and blobs.",
			Actions:     []string{blobServices + "containers/delete", blobServices + "containers/read", blobServices + "containers/write", delegationKey},
			DataActions: []string{blobs + "delete", blobs + "read", blobs + "write", blobs + "move/action", blobs + "add/action"},
		},
		{
			ID: "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1", Name: "Storage Blob Data Reader",
			Description: "Reads and lists containers and blobs.",
			Actions:     []string{blobServices + "containers/read", delegationKey},
			DataActions: []string{blobs + "read"},
		},
		{
			ID: "db58b8e5-c6ad-4a2a-8342-4190687cbf4a", Name: "Storage Blob Delegator",
			Description: "Gets keys that sign shared access signatures in its own name.",
			Actions:     []string{delegationKey},
		},
		{
			ID: "7ee386e9-84f0-448e-80a6-f185f6533131", Name: "Storage Queue Delegator",
			Description: "Gets keys that sign shared access signatures for queues in its own name.",
			Actions:     []string{queueServices + "generateUserDelegationKey/action"},
		},
		{
			ID: "974c5e8b-45b9-4653-ba55-5f855dd0fb88", Name: "Storage Queue Data Contributor",
			Description: "Reads, writes and deletes queues and messages.",
			Actions:     []string{queueServices + "queues/delete", queueServices + "queues/read", queueServices + "queues/write"},
			DataActions: []string{messages + "delete", messages + "read", messages + "write", messages + "process/action"},
		},
		{
			ID: "19e7f393-937e-4f77-808e-94535e297925", Name: "Storage Queue Data Reader",
			Description: "Lists queues and peeks at messages.",
			Actions:     []string{queueServices + "queues/read"},
			DataActions: []string{messages + "read"},
		},
		{
			ID: "8a0f0c08-91a1-4084-bc3d-661d67233fed", Name: "Storage Queue Data Message Processor",
			Description: "Peeks at, receives and deletes messages.",
			DataActions: []string{messages + "read", messages + "process/action"},
		},
		{
			ID: "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a", Name: "Storage Queue Data Message Sender",
			Description: "Adds messages to queues.",
			DataActions: []string{messages + "add/action"},
		},
		{
			ID: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3", Name: "Storage Table Data Contributor",
			Description: "Reads, writes and deletes tables and entities.",
			Actions:     []string{tableServices + "tables/read", tableServices + "tables/write", tableServices + "tables/delete"},
			DataActions: []string{entities + "read", entities + "write", entities + "delete", entities + "add/action", entities + "update/action"},
		},
		{
			ID: "76199698-9eea-4c19-bc75-cec21354c6b6", Name: "Storage Table Data Reader",
			Description: "Reads tables and entities.",
			Actions:     []string{tableServices + "tables/read"},
			DataActions: []string{entities + "read"},
		},
	}
}
