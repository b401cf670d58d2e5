using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Gateway;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(LoginRequest))]
[JsonSerializable(typeof(VerifyPasswordRequest))]
[JsonSerializable(typeof(AccountResponse))]
[JsonSerializable(typeof(QueueAdvanced))]
internal sealed partial class GatewayJson : JsonSerializerContext;
