module.exports.modules = [];
