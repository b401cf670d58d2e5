using System.Text.Json;
using System.Text.Json.Serialization;

namespace ConcertDapr.Notification;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ReplayResult))]
internal sealed partial class NotificationJson : JsonSerializerContext;
