using System.Text.Json.Serialization;
using ConcertDapr.Contracts;

namespace ConcertDapr.Users;

/// <summary>Generated JSON of this service's bodies.</summary>
[JsonSerializable(typeof(RegisterRequest))]
[JsonSerializable(typeof(VerifyPasswordRequest))]
[JsonSerializable(typeof(AccountResponse))]
[JsonSerializable(typeof(PointsResponse))]
[JsonSerializable(typeof(ChargePointsRequest))]
[JsonSerializable(typeof(LedgerPage))]
[JsonSerializable(typeof(UsePointsRequest))]
[JsonSerializable(typeof(RefundPointsRequest))]
[JsonSerializable(typeof(StepResult))]
internal sealed partial class UsersJson : JsonSerializerContext;
